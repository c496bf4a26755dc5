"""The pages themselves, on NiceGUI: what stands where. What they say is made beside them, and every word of a journal is set as text."""

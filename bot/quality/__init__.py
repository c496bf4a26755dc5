"""DVS (may we believe the bars?) and EQS (may we believe our fills?), with their parts."""

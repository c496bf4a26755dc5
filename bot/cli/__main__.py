"""`python -m bot.cli`: the command where it is not on the PATH."""

from bot.cli.entry import main

main()

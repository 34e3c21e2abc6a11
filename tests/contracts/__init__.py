"""The promises of the README, one a file. Every guard is shown to catch a planted fault."""

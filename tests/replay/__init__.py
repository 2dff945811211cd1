"""Today's workflow code against yesterday's histories."""

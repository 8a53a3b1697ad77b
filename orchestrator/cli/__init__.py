"""The command line: storyreel render | submit | plan | watch | resume | cancel | list | voices | doctor."""

"""What the stages that touch media share: the clock, probing, encoder settings. It knows no stage."""

"""Commands that demonstrate and measure the tracker."""

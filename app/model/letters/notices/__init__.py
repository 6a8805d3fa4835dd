"""What the letters about one happening say, and to whom."""

"""What commands print: tables, times, tickets."""

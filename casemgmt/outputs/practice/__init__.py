"""What one practice sees and answers: its list as plain values, and the files that show it."""

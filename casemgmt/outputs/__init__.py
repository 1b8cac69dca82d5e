"""What leaves the library: published files, disclosure control, and the check that nothing has changed since."""

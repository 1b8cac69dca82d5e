"""What knows Parquet files: footers, pages and their checksums, seals, and the writer."""

"""The commissioner's report: figures that follow from published counts alone, as a page, a workbook and CSV files."""

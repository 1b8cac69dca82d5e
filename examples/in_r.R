# The lists of a published folder in R, every column with the type it has.
#   Rscript examples/in_r.R out

library(readr)

# Before a text that a spreadsheet would take for a formula the files have an apostrophe, which is no part of it.
plain <- function(text) {
  starts <- paste0(
    "=+\\-@\\t\\r\\n\\x{ff1d}\\x{ff0b}\\x{ff0d}\\x{ff20}\\x{fe66}\\x{fe62}\\x{fe63}\\x{fe6b}",
    "\\x{2212}\\x{fb29}\\x{207a}\\x{207b}\\x{207c}\\x{208a}\\x{208b}\\x{208c}"
  )
  sub(paste0("(*UTF)^'('*[\\p{Z}\\p{Cc}\\p{Cf}]*[", starts, "])"), "\\1", text, perl = TRUE)
}

read_typed <- function(files, types) {
  table <- read_csv(files, col_types = types, na = "", progress = FALSE)
  if (nrow(problems(table)) > 0) stop("A column does not hold what it should: see problems().")
  is_text <- vapply(table, is.character, logical(1))
  table[is_text] <- lapply(table[is_text], plain)
  table
}

# One row a patient. Columns that are not named here are routes: true or false.
read_lists <- function(folder) {
  files <- list.files(file.path(folder, "practices"), pattern = "[.]csv$", full.names = TRUE)
  read_typed(files[!grepl("-removals[.]csv$", files)], cols(
    practice_id = col_character(),
    patient_id = col_character(),  # an id is no number: 0012 stays 0012
    score = col_double(),
    risk = col_double(),  # NA throughout where the model gives no risk
    rank = col_integer(),  # NA for who is listed and was not ranked
    place = col_character(),
    inputs_missing = col_integer(),
    reason_1 = col_character(),
    reason_2 = col_character(),
    reason_3 = col_character(),
    .default = col_logical()
  ))
}

# One row a practice and route.
read_summary <- function(folder) {
  read_typed(file.path(folder, "processor", "summary.csv"), cols(
    practice_id = col_character(),
    route = col_character(),
    score_at_cut = col_double(),
    places_may_change = col_logical(),
    .default = col_integer()
  ))
}

folder <- commandArgs(trailingOnly = TRUE)
if (length(folder) == 1) {
  lists <- read_lists(folder)
  cat("types: ", paste(vapply(lists, function(column) class(column)[1], ""), collapse = " "), "\n", sep = "")
  cat("first: ", paste(lists$patient_id[1], lists$score[1], lists$rank[1]), "\n", sep = "")
  cat("not ranked: ", sum(is.na(lists$rank)), " of ", nrow(lists), "\n", sep = "")
  print(table(practice = lists$practice_id, place = lists$place, useNA = "ifany"))
  summary <- read_summary(folder)
  print(as.data.frame(summary[summary$route == "highest_risk", c("practice_id", "places", "used", "score_at_cut")]))
  # The Parquet file holds the same rows with their types, where R has arrow.
  if (requireNamespace("arrow", quietly = TRUE)) {
    whole <- arrow::read_parquet(file.path(folder, "processor", "selection.parquet"))
    same <- all.equal(as.data.frame(whole[order(whole$practice_id, whole$rank), ])$patient_id,
                      as.data.frame(lists[order(lists$practice_id, lists$rank), ])$patient_id)
    cat("the Parquet file has the same patients:", isTRUE(same), "\n")
  }
}

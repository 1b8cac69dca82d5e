"""The script that adds up a model's table in R; names in angle brackets are replaced by the model's own facts."""

from __future__ import annotations

SCRIPT = r"""# <TITLE>
# casemgmt_score(register, casemgmt_table("model.csv")): patient_id, score and risk. Columns are read as a register
# reads them; who has died, left or objected is scored like everybody else; an id that occurs twice has no score.
casemgmt_table <- function(file) {
  read.csv(file, colClasses = "character", na.strings = character(0), encoding = "UTF-8")
}
casemgmt_read <- function(x, how, least, most, words) {
  text <- tolower(trimws(as.character(x)))
  true <- text %in% c(<TRUE_WORDS>); false <- text %in% c(<FALSE_WORDS>)
  if (how %in% c("flag", "own flag")) {
    odd <- !true & !false & !is.na(x) & !(text %in% c(<MISSING_WORDS>))
    if (how == "own flag" && any(odd)) stop("a flag is neither true nor false")
    return(ifelse(true, 1, ifelse(false, 0, NA)))
  }
  own <- as.character(x)
  if (how == "text") return(ifelse(trimws(own, whitespace = "[<WHITE_SPACE>]") == "", NA, own))
  if (how == "known") {
    known <- strsplit(words, " ")[[1]]
    y <- known[match(text, tolower(known))]
    if ("respite" %in% known) y <- ifelse(true, "unspecified", ifelse(false, "none", y))
    return(ifelse(is.na(y) & grepl("=", words), sub(".*=", "", words), y))
  }
  y <- as.numeric(x); y[!is.finite(y)] <- NA
  odd <- !is.na(y) & y != floor(y)
  if (how == "own whole" && any(odd)) stop("a column must hold whole numbers")
  if (how == "whole") y[odd | (!is.na(y) & (y < as.numeric(least) | y > as.numeric(most)))] <- NA
  y
}
casemgmt_holds <- function(x, holds, low, high, text, texts) {
  low <- if (low == "") -Inf else as.numeric(low)
  high <- if (high == "") Inf else as.numeric(high)
  switch(holds, any = TRUE, missing = is.na(x),
         text = !is.na(x) & x == text, other = !is.na(x) & !(x %in% texts),
         from = !is.na(x) & x >= low & x < high, over = !is.na(x) & x > low & x <= high)
}
casemgmt_score <- function(register, table) {
  intercepts <- c(<INTERCEPTS>); floors <- c(<FLOORS>); inputs <- c(<INPUTS>)
  id <- register[["patient_id"]]; totals <- list()
  for (m in seq_along(inputs)) {
    rows <- table[table[["model"]] == m, ]; seen <- list()
    total <- rep(intercepts[m], nrow(register)); met <- rep(0, nrow(register))
    value <- function(i, k) {
      at <- function(what) rows[[paste0(what, "_", k)]][i]
      if (at("read") == "") return(NA)
      if (at("read") == "total") return(totals[[as.integer(at("column"))]])
      if (is.null(seen[[at("column")]])) {
        x <- register[[at("column")]]
        if (is.null(x)) stop("the register lacks the column ", at("column"))
        seen[[at("column")]] <<- casemgmt_read(x, at("read"), at("least"), at("most"), at("words"))
      }
      seen[[at("column")]]
    }
    for (i in seq_len(nrow(rows))) for (k in 1:2) value(i, k)
    greater <- rows[["holds_1"]] == "supersedes"
    for (i in which(greater)) {
      lesser <- rows[["column_2"]][i]
      seen[[lesser]][which(value(i, 1) == 1 & seen[[lesser]] == 1)] <- 0
    }
    for (i in which(!greater)) {
      hit <- TRUE
      for (k in 1:2) {
        at <- function(what) rows[[paste0(what, "_", k)]]
        texts <- at("text")[rows[["input"]] == rows[["input"]][i] & at("holds") == "text"]
        hit <- hit & casemgmt_holds(value(i, k), at("holds")[i], at("low")[i], at("high")[i], at("text")[i], texts)
      }
      hit <- which(hit); met[hit] <- met[hit] + 1
      total[hit] <- total[hit] + suppressWarnings(as.numeric(rows[["millionths"]][i]))
    }
    total[met != inputs[m]] <- NA
    totals[[m]] <- pmax(total, floors[m])
  }
  score <- totals[[length(totals)]] / <UNIT>
  score[is.na(id) | duplicated(id) | duplicated(id, fromLast = TRUE)] <- NA
  data.frame(patient_id = id, score = score, risk = <RISK>)
}
"""

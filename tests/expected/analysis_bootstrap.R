# Witness for `crossed_bootstrap`: resamples participants and, within their family, items.
# Run from this folder: Rscript analysis_bootstrap.R   (base R); writes analysis_bootstrap.csv.
# Owen (2007), Ann. Appl. Stat. 1: both factors are drawn with replacement, a cell counts as often
# as its participant times its item was drawn, and the statistic is the mean over drawn cells.
set.seed(20261128)
times <- 50000
ratings <- read.csv("analysis_ratings.csv", stringsAsFactors = TRUE)
pairs <- list(c("ours", "random"), c("ours", "other"))

difference_table <- function(pair) {
  scores <- tapply(ratings$score, ratings[c("session", "item", "condition")], mean)
  scores[, , pair[1]] - scores[, , pair[2]]
}

resample <- function(table, families, incomplete) {
  if (incomplete) table[cbind(1:9, c(1, 4, 7, 10, 2, 5, 8, 11, 3))] <- NA
  means <- replicate(times, {
    participants <- sample(nrow(table), replace = TRUE)
    items <- unlist(lapply(split(seq_len(ncol(table)), families), function(own) {
      own[sample(length(own), replace = TRUE)]
    }))
    mean(table[participants, items], na.rm = TRUE)
  })
  quantile(means, c(.025, .975), type = 7, names = FALSE)
}

families <- tapply(as.character(ratings$family), ratings$item, function(x) x[1])
out <- NULL
for (pair in pairs) for (nested in c(FALSE, TRUE)) for (incomplete in c(FALSE, TRUE)) {
  table <- difference_table(pair)
  groups <- if (nested) families[colnames(table)] else rep("all", ncol(table))
  ends <- resample(table, groups, incomplete)
  out <- rbind(out, data.frame(a = pair[1], b = pair[2], nested = nested, incomplete = incomplete,
                               low = ends[1], high = ends[2]))
}
write.csv(out, "analysis_bootstrap.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "\n")

# Witness for analysis/stats/ordinal.py: clmm with crossed random effects, Laplace approximation.
# Run from this folder: Rscript analysis_ordinal.R   (R 4.2.2, ordinal 2022.11.16); takes a minute
library(ordinal)
r <- read.csv("analysis_ratings.csv")
out <- NULL
for (pair in list(c("ours", "random"), c("other", "random"), c("ours", "other"))) {
  d <- r[r$condition %in% pair, ]
  d$x <- as.integer(d$condition == pair[1])
  d$y <- factor(pmin(floor(d$score / 20), 4), ordered = TRUE)
  d$lx <- interaction(d$session, d$x); d$ix <- interaction(d$item, d$x)
  f <- clmm(y ~ x + (1 | session) + (1 | item) + (1 | lx) + (1 | ix), data = d)
  s <- summary(f)$coefficients["x", ]
  out <- rbind(out, data.frame(a = pair[1], b = pair[2], log_odds = s[["Estimate"]],
                               se = s[["Std. Error"]], log_likelihood = as.numeric(logLik(f))))
}
write.csv(out, "analysis_ordinal.csv", row.names = FALSE, quote = FALSE)

# Witness for analysis/stats/prediction.py: lm() on every sound but one. Run from this folder:
# Rscript analysis_prediction.R   (base R); made by R 4.2.2
r <- read.csv("analysis_ratings.csv")
r <- r[r$condition != "reference", ]
y <- aggregate(score ~ item + condition, r, mean)
i <- as.integer(sub("s", "", y$item))
k <- match(y$condition, c("ours", "other", "random"))
y$first <- 0.3 * k + 0.05 * ((i * 7 + k * 3) %% 5)
y$second <- 1 + ((i * 5 + k * 11) %% 7)
out <- NULL
for (name in c("first", "second")) for (form in c("linear", "logarithmic")) {
  y$x <- if (form == "linear") y[[name]] else log(y[[name]])
  e <- unlist(lapply(unique(y$item), function(s) {
    fit <- lm(score ~ x, y[y$item != s, ])
    left <- y[y$item == s, ]
    left$score - pmin(pmax(predict(fit, left), 0), 100)
  }))
  fit <- lm(score ~ x, y)
  out <- rbind(out, data.frame(distance = name, form = form, intercept = coef(fit)[[1]],
                               slope = coef(fit)[[2]], error = sqrt(mean(e^2))))
}
e <- unlist(lapply(unique(y$item), function(s) y$score[y$item == s] - mean(y$score[y$item != s])))
out <- rbind(out, data.frame(distance = "mean", form = "", intercept = NA, slope = NA,
                             error = sqrt(mean(e^2))))
write.csv(format(out, digits = 12), "analysis_prediction.csv", row.names = FALSE, quote = FALSE)

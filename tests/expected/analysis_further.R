# Witness for stats/{bayes,simultaneous,residuals,agreement_groups,unpaired}.py, by base R and lme4.
# Run from this folder: Rscript analysis_further.R   (R 4.2.2, lme4 1.1.31)
suppressMessages(library(lme4))
r <- read.csv("analysis_ratings.csv", stringsAsFactors = TRUE)
out <- list()
add <- function(name, value) out[[length(out) + 1]] <<- data.frame(name = name, value = value)

# Bayes factor: t likelihood, Cauchy prior; posterior share within a margin
bf <- function(est, se, df, scale) {
  like <- function(d) dt((est - d) / se, df)
  top <- integrate(function(d) like(d) * dcauchy(d, 0, scale), est - 60 * se, est + 60 * se,
                   rel.tol = 1e-10, subdivisions = 2000)$value
  rest <- integrate(function(d) like(d) * dcauchy(d, 0, scale), -Inf, est - 60 * se)$value +
    integrate(function(d) like(d) * dcauchy(d, 0, scale), est + 60 * se, Inf)$value
  (top + rest) / like(0)
}
add("bf 17.0 6.1 13.4 10", bf(17.0, 6.1, 13.4, 10))
add("bf 1.2 4.0 9 5", bf(1.2, 4.0, 9, 5))
add("within 1.2 4.0 9 5", pt((5 - 1.2) / 4, 9) - pt((-5 - 1.2) / 4, 9))

# Simultaneous intervals: quasi-t from aov's mean squares, Bonferroni over six pairs
levels <- c("ours", "other", "random", "reference")
wide <- reshape(r, idvar = c("session", "item", "family"), timevar = "condition", direction = "wide")
for (k in combn(4, 2, simplify = FALSE)) {
  d <- wide[[paste0("score.", levels[k[1]])]] - wide[[paste0("score.", levels[k[2]])]]
  a <- summary(aov(d ~ session + item, wide))[[1]]
  ms <- a[["Mean Sq"]]; df <- a[["Df"]]
  if (min(ms[1], ms[2]) > ms[3]) {
    m <- ms[1] + ms[2] - ms[3]
    dff <- m^2 / sum(ms^2 / df)
    half <- qt(1 - 0.05 / 12, dff) * sqrt(m / length(d))
    add(paste("low", levels[k[1]], levels[k[2]]), mean(d) - half)
    add(paste("high", levels[k[1]], levels[k[2]]), mean(d) + half)
  }
}

# Residuals: two-way within each condition, with two cells missing
part <- r[-c(5, 77), ]
fit <- lm(score ~ condition * session + condition * item, part)
for (c in levels) add(paste("residual sd", c), sqrt(mean(resid(fit)[part$condition == c]^2)))

# Groups: average linkage of 1 - r, three groups
m <- sapply(split(r, r$session), function(d) d[order(d$item, d$condition), "score"])
tree <- hclust(as.dist(1 - cor(m)), "average")
g <- cutree(tree, 3)
D <- 1 - cor(m)
s <- sapply(seq_along(g), function(i) {
  if (sum(g == g[i]) == 1) return(0)
  a <- sum(D[i, g == g[i]]) / (sum(g == g[i]) - 1)
  b <- min(sapply(setdiff(unique(g), g[i]), function(k) mean(D[i, g == k])))
  (b - a) / max(a, b)
})
add("silhouette of three", mean(s))
for (n in names(g)) add(paste("group", n), g[[n]])

out <- do.call(rbind, out)
write.csv(out, "analysis_further.csv", row.names = FALSE, quote = FALSE)

# Witness for `crossed_omnibus` where items do not differ: repeated-measures ANOVA of participant means.
# Run from this folder: Rscript analysis_omnibus.R   (base R); writes analysis_omnibus.csv.
# anova.mlm with test = "Spherical" gives F, Greenhouse & Geisser's epsilon and their p-value.
ratings <- read.csv("analysis_ratings.csv", stringsAsFactors = TRUE)
means <- tapply(ratings$score, ratings[c("session", "condition")], mean)
a <- anova(lm(unclass(means) ~ 1), X = ~ 1, test = "Spherical")
heading <- attr(a, "heading")
epsilon <- as.numeric(sub(".*: *", "", grep("Greenhouse-Geisser", heading, value = TRUE)))
out <- data.frame(F = a[["F"]][1], df1 = a[["num Df"]][1], df2 = a[["den Df"]][1],
                  epsilon = epsilon, p = a[["G-G Pr"]][1])
write.csv(format(out, digits = 12), "analysis_omnibus.csv", row.names = FALSE, quote = FALSE)

# Witness for the statistics of `analysis`: reads analysis_ratings.csv, writes analysis_r.json.
# Run from this folder: Rscript analysis.R   (R with lme4, lmerTest, jsonlite)
suppressMessages({library(lme4); library(lmerTest); library(jsonlite)})

ratings <- read.csv("analysis_ratings.csv", stringsAsFactors = TRUE)
wide <- reshape(ratings, idvar = c("session", "item", "family"), timevar = "condition",
                direction = "wide")
pairs <- list(c("ours", "random"), c("other", "random"), c("ours", "other"),
              c("ours", "reference"))

crossed <- function(data, formula) {
  fit <- suppressMessages(lmer(formula, data = data, REML = TRUE))
  s <- coef(summary(fit))["(Intercept)", ]
  sds <- as.data.frame(VarCorr(fit))
  list(estimate = s[["Estimate"]], se = s[["Std. Error"]], df = s[["df"]], t = s[["t value"]],
       p = s[["Pr(>|t|)"]], sds = setNames(as.list(sds$sdcor), sds$grp))
}

one_pair <- function(pair) {
  wide$d <- wide[[paste0("score.", pair[1])]] - wide[[paste0("score.", pair[2])]]
  means <- tapply(wide$d, wide$session, mean)
  w <- suppressWarnings(wilcox.test(means, conf.int = TRUE))
  normal <- suppressWarnings(wilcox.test(means, exact = FALSE, correct = FALSE))
  t <- t.test(means)
  contrasts(wide$family) <- contr.sum(nlevels(wide$family))  # equal families: mean over items
  sub <- wide[wide$family == "delay", ]
  list(a = pair[1], b = pair[2],
       crossed = crossed(wide, d ~ 1 + (1 | session) + (1 | item)),
       nested = crossed(wide, d ~ 1 + family + (1 | session) + (1 | item)),
       within_delay = crossed(sub, d ~ 1 + (1 | session) + (1 | item)),
       family = {
         fit <- suppressMessages(lmer(
           d ~ 1 + family + (1 | session) + (1 | session:family) + (1 | item), data = wide))
         a <- anova(fit)
         list(F = a[["F value"]], df1 = a[["NumDF"]], df2 = a[["DenDF"]], p = a[["Pr(>F)"]])
       },
       t_test = list(mean = t$estimate[[1]], low = t$conf.int[1], high = t$conf.int[2],
                     p = t$p.value),
       wilcoxon = list(p = w$p.value, p_normal = normal$p.value,
                       hodges_lehmann = w$estimate[[1]],
                       low = w$conf.int[1], high = w$conf.int[2]))
}

means <- tapply(ratings$score, ratings[c("session", "condition")], mean)
f <- friedman.test(means)
p <- c(0.012, 0.4, 0.003, 0.04, 0.04)
out <- list(
  tools = paste(R.version.string, "lme4", packageVersion("lme4"),
                "lmerTest", packageVersion("lmerTest")),
  pairs = lapply(pairs, one_pair),
  friedman = list(statistic = f$statistic[[1]], df = f$parameter[[1]], p = f$p.value),
  holm = list(p = p, adjusted = p.adjust(p, "holm")),
  quantiles = lapply(split(ratings$score, ratings$condition),
                     function(x) unname(quantile(x, c(.25, .5, .75), type = 7))),
  power_t = power.t.test(n = 17, delta = 10, sd = 12, type = "paired")$power)
write(toJSON(out, auto_unbox = TRUE, digits = 12, pretty = TRUE), "analysis_r.json")

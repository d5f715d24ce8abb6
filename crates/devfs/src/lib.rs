//! devfs.rules(5): rules, rulesets and what they show.

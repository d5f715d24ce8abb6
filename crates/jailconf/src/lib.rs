//! The jail.conf(5) language: lexer, parser, expansion.

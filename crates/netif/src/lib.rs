//! Interfaces and routes over rtnetlink, in FreeBSD's vocabulary.

//! `$name` and `${name…}` with its operators: sh(1), Parameter Expansion.

use super::pattern::Pattern;
use super::{Reader, SyntaxErrorKind, Variables, Word, name_length};

/// How many bytes all expansions of one file together may yield or search: a thousand times a long
/// rc.conf.
pub(super) const BUDGET: usize = 1 << 24;

/// How deep `${…}` may be inside `${…}`; nobody writes three. Each level is a call: without a
/// bound, a file could exhaust the stack.
const DEPTH: usize = 16;

/// The value of IFS, unless a file sets it: the separators of fields.
const IFS: &[u8] = b" \t\n";

/// The operator behind a name in `${name…}`.
enum Operator {
    /// `-`: the word, if there is no value.
    Default,
    /// `=`: the word, if there is no value; it becomes the value.
    Assign,
    /// `?`: an error, if there is no value.
    Require,
    /// `+`: the word, if there is a value.
    Alternative,
    /// `#`, `##`, `%`, `%%`: the value without the part that the word matches.
    Remove(Side, Extent),
}

#[derive(Clone, Copy)]
enum Side {
    Prefix,
    Suffix,
}

#[derive(Clone, Copy)]
enum Extent {
    Smallest,
    Largest,
}

impl Reader<'_> {
    /// Takes `bytes` from the budget of expansions.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), SyntaxErrorKind> {
        self.budget = self.budget.checked_sub(bytes).ok_or(SyntaxErrorKind::TooLong)?;
        Ok(())
    }

    /// Reads an expansion, which begins with a `$`.
    pub(super) fn variable<V: Variables>(
        &mut self,
        word: &mut Word<'_>,
        variables: &mut V,
    ) -> Result<(), SyntaxErrorKind> {
        let after = &self.rest()[1..];
        match after {
            [b'{', ..] => return self.braced(word, variables),
            [b'(', ..] => return Err(self.up_to(b')')),
            _ => {}
        }
        match name_length(after) {
            // A `$` with no name behind it is only itself. `$1`, `$?` and the like belong to a
            // running shell: they are refused.
            0 if after.first().is_none_or(|byte| b" \t\r\n;\"/.:}".contains(byte)) => {
                word.literal(b'$');
                self.advance(1);
            }
            0 => return Err(SyntaxErrorKind::Expansion(self.rest()[..2].to_vec())),
            length => {
                let value = lookup(variables, &after[..length]).unwrap_or_default();
                self.spend(value.len())?;
                word.expanded(value);
                self.advance(1 + length);
            }
        }
        Ok(())
    }

    /// Reads `${…}`.
    fn braced<V: Variables>(
        &mut self,
        word: &mut Word<'_>,
        variables: &mut V,
    ) -> Result<(), SyntaxErrorKind> {
        let inside = &self.rest()[2..];
        // `${#name}` is the length of the value; `${#` with anything else is refused below.
        if let [b'#', name @ ..] = inside {
            let length = name_length(name);
            if length > 0 && name.get(length) == Some(&b'}') {
                let value = lookup(variables, &name[..length]).unwrap_or_default();
                word.expanded(value.len().to_string().as_bytes());
                self.advance(length + 4);
                return Ok(());
            }
        }
        let length = name_length(inside);
        if length == 0 {
            return Err(self.refused());
        }
        let name = inside[..length].to_vec();
        if inside.get(length) == Some(&b'}') {
            let value = lookup(variables, &name).unwrap_or_default();
            self.spend(value.len())?;
            word.expanded(value);
            self.advance(length + 3);
            return Ok(());
        }
        let Some((operator, colon, width)) = operator(&inside[length..]) else {
            return Err(self.refused());
        };
        if self.depth == DEPTH {
            return Err(SyntaxErrorKind::TooDeep);
        }
        self.depth += 1;
        self.advance(2 + length + width);
        let operand = self.operand(word, &operator, variables)?;
        self.depth -= 1;
        self.apply(&name, &operator, colon, operand, word, variables)
    }

    /// Reads the word of an operator, and the `}` behind it.
    fn operand<V: Variables>(
        &mut self,
        outer: &Word<'_>,
        operator: &Operator,
        variables: &mut V,
    ) -> Result<Vec<u8>, SyntaxErrorKind> {
        let mut operand = Vec::new();
        let pattern = matches!(operator, Operator::Remove(..));
        // The quotes of a pattern count by themselves, whatever quotes are around the expansion.
        let mut word = Word {
            out: &mut operand,
            quoted: outer.quoted && !pattern,
            pattern: pattern || outer.pattern,
        };
        loop {
            match self.peek() {
                None => return Err(SyntaxErrorKind::UnterminatedVariable),
                Some(b'}') => break,
                Some(_) => self.piece(&mut word, variables)?,
            }
        }
        self.advance(1);
        Ok(operand)
    }

    fn apply<V: Variables>(
        &mut self,
        name: &[u8],
        operator: &Operator,
        colon: bool,
        operand: Vec<u8>,
        word: &mut Word<'_>,
        variables: &mut V,
    ) -> Result<(), SyntaxErrorKind> {
        let value = lookup(variables, name);
        let is_set = value.is_some_and(|value| !(colon && value.is_empty()));
        let value = value.unwrap_or_default();
        self.spend(value.len() + operand.len())?;
        match operator {
            Operator::Remove(side, extent) => {
                let pattern = Pattern::new(&operand);
                // The time of a match: each byte is compared with each place of the pattern.
                self.spend(value.len().saturating_mul(pattern.len()))?;
                let kept = match (side, extent) {
                    (Side::Prefix, Extent::Smallest) => &value[pattern.prefixes(value).0..],
                    (Side::Prefix, Extent::Largest) => &value[pattern.prefixes(value).1..],
                    (Side::Suffix, Extent::Smallest) => &value[..pattern.suffixes(value).0],
                    (Side::Suffix, Extent::Largest) => &value[..pattern.suffixes(value).1],
                };
                word.expanded(kept);
            }
            // The operand was read with the quotes of this word: it is added as it is.
            Operator::Alternative if is_set => word.out.extend(operand),
            Operator::Alternative => {}
            _ if is_set => word.expanded(value),
            Operator::Default => word.out.extend(operand),
            Operator::Assign => {
                word.out.extend(&operand);
                variables.assign(name.to_vec(), operand);
            }
            Operator::Require => return Err(SyntaxErrorKind::Unset(name.to_vec(), operand)),
        }
        Ok(())
    }

    /// Answers that the `${…` at this place is not supported.
    fn refused(&self) -> SyntaxErrorKind {
        let rest = self.rest();
        match rest.iter().position(|&byte| byte == b'}' || byte == b'\n') {
            Some(end) if rest[end] == b'}' => SyntaxErrorKind::Expansion(rest[..=end].to_vec()),
            _ => SyntaxErrorKind::UnterminatedVariable,
        }
    }

    /// Answers that the expansion up to `end`, or to the end of the line, is not supported.
    fn up_to(&self, end: u8) -> SyntaxErrorKind {
        let rest = self.rest();
        let length = rest.iter().take_while(|&&byte| byte != end && byte != b'\n').count();
        let closed = usize::from(rest.get(length) == Some(&end));
        SyntaxErrorKind::Expansion(rest[..length + closed].to_vec())
    }
}

/// Reads the operator at the start of `text`. Answers it, whether an empty value counts as none,
/// and its length.
fn operator(text: &[u8]) -> Option<(Operator, bool, usize)> {
    let colon = text.first() == Some(&b':');
    let operator = match text.get(usize::from(colon))? {
        b'-' => Operator::Default,
        b'=' => Operator::Assign,
        b'?' => Operator::Require,
        b'+' => Operator::Alternative,
        // `${name:2:3}` belongs to other shells.
        _ if colon => return None,
        &byte @ (b'#' | b'%') => {
            let side = if byte == b'#' { Side::Prefix } else { Side::Suffix };
            let twice = text.get(1) == Some(&byte);
            let extent = if twice { Extent::Largest } else { Extent::Smallest };
            return Some((Operator::Remove(side, extent), false, 1 + usize::from(twice)));
        }
        _ => return None,
    };
    Some((operator, colon, 1 + usize::from(colon)))
}

fn lookup<'v, V: Variables>(variables: &'v V, name: &[u8]) -> Option<&'v [u8]> {
    variables.value(name).or((name == b"IFS").then_some(IFS))
}

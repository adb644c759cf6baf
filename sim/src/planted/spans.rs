//! Where the clauses of a condition are in its text.

use std::ops::Range;

/// A word, a parenthesis or a sign, and where it is.
struct Token<'a> {
    text: &'a str,
    at: Range<usize>,
}

/// The parts of the text without which the condition is weaker: each clause that is joined to others by AND, at any depth,
/// with one of its ANDs.
pub(super) fn clauses(condition: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    disjunction(&tokens(condition), &mut found);
    found
}

fn disjunction(tokens: &[Token<'_>], found: &mut Vec<Range<usize>>) {
    for alternative in split(tokens, "OR") {
        conjunction(alternative, found);
    }
}

fn conjunction(tokens: &[Token<'_>], found: &mut Vec<Range<usize>>) {
    let clauses = split(tokens, "AND");
    for (i, clause) in clauses.iter().enumerate() {
        let (Some(start), Some(end)) = (start(clause), end(clause)) else {
            continue;
        };
        let next = clauses.get(i + 1).and_then(|next| self::start(next));
        let previous = i.checked_sub(1).and_then(|i| self::end(clauses[i]));
        match (next, previous) {
            (Some(next), _) => found.push(start..next),
            (None, Some(previous)) => found.push(previous..end),
            (None, None) => {}
        }
        if let [Token { text: "(", .. }, inner @ .., Token { text: ")", .. }] = clause {
            disjunction(inner, found);
        }
    }
}

fn start(tokens: &[Token<'_>]) -> Option<usize> {
    tokens.first().map(|token| token.at.start)
}

fn end(tokens: &[Token<'_>]) -> Option<usize> {
    tokens.last().map(|token| token.at.end)
}

/// The parts between the separators that are in no parentheses. The AND of a BETWEEN separates nothing.
fn split<'t, 'a>(tokens: &'t [Token<'a>], separator: &str) -> Vec<&'t [Token<'a>]> {
    let (mut depth, mut in_between, mut from) = (0_u32, false, 0);
    let mut parts = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            text if depth > 0 || !is_word(text) => {}
            text if text.eq_ignore_ascii_case("BETWEEN") => in_between = true,
            text if text.eq_ignore_ascii_case("AND") && in_between => in_between = false,
            text if text.eq_ignore_ascii_case(separator) => {
                parts.push(&tokens[from..i]);
                from = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[from..]);
    parts
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic())
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = 0..text.len();
    while let Some(first) = text[rest.clone()].chars().next() {
        let length = match first {
            '(' | ')' => 1,
            c if c.is_whitespace() => c.len_utf8(),
            _ => text[rest.clone()]
                .find(|c: char| c.is_whitespace() || c == '(' || c == ')')
                .unwrap_or(rest.len()),
        };
        let at = rest.start..rest.start + length;
        if !first.is_whitespace() {
            tokens.push(Token {
                text: &text[at.clone()],
                at: at.clone(),
            });
        }
        rest.start = at.end;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_each(condition: &str) -> Vec<String> {
        let without = |span: Range<usize>| {
            let mut text = condition.to_owned();
            text.replace_range(span, "");
            text
        };
        clauses(condition).into_iter().map(without).collect()
    }

    #[test]
    fn each_clause_that_is_joined_by_and_can_go() {
        assert_eq!(without_each("a = :a"), [""; 0]);
        assert_eq!(without_each("a = :a AND b > :b"), ["b > :b", "a = :a"]);
        assert_eq!(
            without_each(
                "attribute_exists(pk) AND (x < :x OR y = :y AND NOT z IN (:p, :q)) AND w = :w"
            ),
            [
                "(x < :x OR y = :y AND NOT z IN (:p, :q)) AND w = :w",
                "attribute_exists(pk) AND w = :w",
                "attribute_exists(pk) AND (x < :x OR NOT z IN (:p, :q)) AND w = :w",
                "attribute_exists(pk) AND (x < :x OR y = :y) AND w = :w",
                "attribute_exists(pk) AND (x < :x OR y = :y AND NOT z IN (:p, :q))",
            ]
        );
    }

    #[test]
    fn the_and_of_between_joins_nothing() {
        assert_eq!(
            without_each("a BETWEEN :l AND :h AND b = :b"),
            ["b = :b", "a BETWEEN :l AND :h"]
        );
    }
}

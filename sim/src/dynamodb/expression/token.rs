//! The words and signs of an expression.

use crate::dynamodb::error::Fault;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword, the name of a function or of an attribute.
    Word(&'a str),
    /// What stands for a name: `#name`, with its sign.
    Name(&'a str),
    /// What stands for a value: `:value`, with its sign.
    Value(&'a str),
    Sign(&'static str),
}

/// Longer signs before those that they begin with.
const SIGNS: [&str; 15] = [
    "<>", "<=", ">=", "=", "<", ">", "(", ")", ",", ".", "+", "-", "[", "]", "*",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Fault> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '#' | ':' => placeholder(rest)?,
            'a'..='z' | 'A'..='Z' | '_' => {
                let word = &rest[..word_length(rest)];
                (Token::Word(word), word.len())
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| syntax_error(rest))?;
                (Token::Sign(sign), sign.len())
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    refuse_redundant_parentheses(&tokens)?;
    Ok(tokens)
}

fn placeholder(rest: &str) -> Result<(Token<'_>, usize), Fault> {
    let length = 1 + word_length(&rest[1..]);
    let text = &rest[..length];
    match (length, text.starts_with('#')) {
        (1, _) => Err(syntax_error(rest)),
        (_, true) => Ok((Token::Name(text), length)),
        (_, false) => Ok((Token::Value(text), length)),
    }
}

fn word_length(text: &str) -> usize {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    end.unwrap_or(text.len())
}

pub(super) fn syntax_error(near: &str) -> Fault {
    let near: String = near.chars().take(20).collect();
    Fault::invalid(format!("Invalid expression: Syntax error; near: {near:?}"))
}

/// DynamoDB refuses a group that holds nothing but another group: `((a = b))`.
fn refuse_redundant_parentheses(tokens: &[Token<'_>]) -> Result<(), Fault> {
    let mut open = Vec::new();
    let mut last_group = None;
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign("(") => open.push(i),
            Token::Sign(")") => {
                let Some(start) = open.pop() else { continue };
                if last_group == Some((start + 1, i.saturating_sub(1))) {
                    return Err(Fault::invalid(
                        "Invalid expression: The expression has redundant parentheses",
                    ));
                }
                last_group = Some((start, i));
            }
            _ => {}
        }
    }
    Ok(())
}

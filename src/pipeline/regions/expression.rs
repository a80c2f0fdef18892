//! The small language of `--make`: `NAME = function(argument, ...)`, where an argument is a number, a region's name or another function.

use crate::error::{Error, Result};

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 20;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A function and its arguments.
    Call(String, Vec<Expression>),
    /// A name or a number.
    Word(String),
}

/// `NAME = EXPRESSION`.
///
/// # Errors
/// If it is not of that form.
pub fn definition(text: &str) -> Result<(String, Expression)> {
    let refuse = |why: &str| {
        Error::usage(
            format!("--make '{text}'"),
            why.to_string(),
            "Write for example: --make 'rim = difference(margin(liver, 10mm), liver)'.",
        )
    };
    let (name, rest) = text.split_once('=').ok_or_else(|| refuse("it is NAME = EXPRESSION"))?;
    let name = name.trim();
    if name.is_empty() {
        return Err(refuse("the new region needs a name"));
    }
    let expression = parse(rest.trim(), 0).map_err(|why| refuse(&why))?;
    Ok((name.to_string(), expression))
}

fn parse(text: &str, depth: usize) -> std::result::Result<Expression, String> {
    if depth > MAX_DEPTH {
        return Err("it is nested too deeply".into());
    }
    if let Some(quoted) =
        text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).filter(|t| !t.contains('"'))
    {
        return Ok(Expression::Word(quoted.to_string()));
    }
    let function = |head: &str| !head.is_empty() && head.chars().all(|c| c.is_ascii_alphabetic());
    match text.split_once('(') {
        // A region's name may hold brackets: `GTV (ROI 3)`.
        Some((head, rest)) if function(head) && text.ends_with(')') => {
            let inside = &rest[..rest.len() - 1];
            let arguments = if inside.trim().is_empty() { Vec::new() } else { split(inside)? };
            let all: std::result::Result<Vec<Expression>, String> =
                arguments.into_iter().map(|a| parse(a.trim(), depth + 1)).collect();
            Ok(Expression::Call(head.to_lowercase(), all?))
        }
        _ if text.is_empty() => Err("an argument is empty".into()),
        _ => Ok(Expression::Word(text.to_string())),
    }
}

/// At commas outside of brackets and quotes.
fn split(text: &str) -> std::result::Result<Vec<&str>, String> {
    let (mut parts, mut from, mut depth, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth = depth
                    .checked_sub(1)
                    .ok_or_else(|| "a bracket is closed that was not opened".to_string())?;
            }
            ',' if !quoted && depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    if depth > 0 || quoted {
        return Err("a bracket or a quotation mark is not closed".into());
    }
    parts.push(&text[from..]);
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_nest_and_names_may_hold_blanks_and_brackets() {
        let word = |t: &str| Expression::Word(t.into());
        let (name, found) =
            definition("rim = difference(margin(GTV (ROI 3), 5 mm), \"liver, right\")")
                .expect("good");
        let margin = Expression::Call("margin".into(), vec![word("GTV (ROI 3)"), word("5 mm")]);
        let whole = Expression::Call("difference".into(), vec![margin, word("liver, right")]);
        assert_eq!((name.as_str(), found), ("rim", whole));
        assert_eq!(
            definition("b = body()").expect("good").1,
            Expression::Call("body".into(), vec![])
        );
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let deep = format!("x = {}a{}", "margin(".repeat(30), ")".repeat(30));
        for text in [
            "",
            "margin(a, 5)",
            " = body()",
            "x =",
            "x = union(a,)",
            "x = union(a))(b)",
            "x = union(\"a)",
            &deep,
        ] {
            let error = definition(text).expect_err(text).to_string();
            assert!(error.contains("--make"), "{error}");
        }
    }
}

//! Room for the recursion of parser and evaluator.
//!
//! Both recurse once for every step and operator of an expression, with large frames, so a long chain (`a.b.c…`,
//! `1+1+1…`) would overflow the stack of an ordinary thread, which ends the whole process.

use super::FhirPathError;
use std::cell::Cell;

/// Longest expression, in bytes.
pub const MAX_EXPRESSION: usize = 16 * 1024;

/// Most steps, operators and parentheses of an expression.
pub const MAX_STEPS: usize = 1000;

/// Deepest nesting of parentheses and brackets.
pub const MAX_NESTING: usize = 50;

/// Expressions up to this many steps run on the caller's stack.
const STEPS_INLINE: usize = 24;

/// Stack for a step: measured 15 kB in a debug build, up to 40 kB for a function with arguments.
const BYTES_PER_STEP: usize = 64 * 1024;

thread_local! {
    /// Steps for which this thread's stack has room.
    static ROOM: Cell<usize> = const { Cell::new(STEPS_INLINE) };
}

/// Runs `work` on a thread whose stack holds expressions of any size: for whoever evaluates many, since a large one
/// otherwise takes a thread of its own each time. `None`: there was no memory for it; nothing was done.
pub fn with_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    let roomy = || {
        ROOM.set(MAX_STEPS);
        work()
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size((MAX_STEPS + STEPS_INLINE) * BYTES_PER_STEP);
        let running = thread.spawn_scoped(scope, roomy).ok()?;
        Some(running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Counts what may deepen the recursion, an upper bound; refuses an expression that is too large.
pub(super) fn count_steps(text: &str) -> Result<usize, FhirPathError> {
    if text.len() > MAX_EXPRESSION {
        let message = format!("it has {} bytes, and {MAX_EXPRESSION} are allowed", text.len());
        return Err(FhirPathError::TooLarge(message));
    }
    let (mut depth, mut steps) = (0_usize, 0_usize);
    for c in text.bytes() {
        match c {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        steps += usize::from(matches!(
            c,
            b'(' | b'[' | b'{' | b'.' | b'+' | b'-' | b'*' | b'/' | b'&' | b'|' | b'=' | b'~' | b'<' | b'>'
        ));
        if depth > MAX_NESTING {
            let message = format!("it is nested more than {MAX_NESTING} parentheses deep");
            return Err(FhirPathError::TooLarge(message));
        }
    }
    // operators that are words: and, or, xor, implies, is, as, in, contains, div, mod
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let operators = [
        "and", "or", "xor", "implies", "is", "as", "in", "contains", "div", "mod",
    ];
    steps += words.filter(|word| operators.contains(word)).count();
    if steps > MAX_STEPS {
        let message = format!("it has {steps} steps and operators, and {MAX_STEPS} are allowed");
        return Err(FhirPathError::TooLarge(message));
    }
    Ok(steps)
}

/// Runs `work` where there is room for `steps`: here, or on a thread with a stack that is large enough.
pub(super) fn with_room<T: Send>(
    steps: usize,
    work: impl FnOnce() -> Result<T, FhirPathError> + Send,
) -> Result<T, FhirPathError> {
    if steps <= ROOM.get() {
        return work();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size((steps + STEPS_INLINE) * BYTES_PER_STEP);
        match thread.spawn_scoped(scope, work) {
            Ok(running) => running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => Err(FhirPathError::TooLarge(format!(
                "no memory to evaluate {steps} steps: {error}"
            ))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhirpath::evaluate;
    use serde_json::json;

    /// On a thread with the usual 2 MB of stack.
    fn length(text: String) -> Result<usize, FhirPathError> {
        let work = move || evaluate(&text, &json!({"a": 1})).map(|values| values.len());
        std::thread::spawn(work).join().expect("the stack suffices")
    }

    #[test]
    fn the_largest_expressions_find_room() {
        assert_eq!(length(format!("1{}", "+1".repeat(MAX_STEPS))), Ok(1));
        assert_eq!(length(format!("a{}", ".first()".repeat(MAX_STEPS / 2))), Ok(1));
        assert_eq!(length(format!("true{}", " or true".repeat(MAX_STEPS))), Ok(1));
        assert_eq!(length(format!("a{}", "[0]".repeat(MAX_STEPS))), Ok(1));
        let nested = format!(
            "{}1{}{}",
            "iif(true,".repeat(MAX_NESTING),
            ")".repeat(MAX_NESTING),
            "+1".repeat(MAX_STEPS - MAX_NESTING)
        );
        assert_eq!(length(nested), Ok(1));
        let _ = length("-".repeat(MAX_STEPS) + "1");
    }

    #[test]
    fn larger_ones_are_refused() {
        for text in [
            format!("a{}", ".a".repeat(MAX_STEPS + 1)),
            format!("true{}", " or true".repeat(MAX_STEPS + 1)),
            "-".repeat(MAX_STEPS + 1),
            " ".repeat(MAX_EXPRESSION + 1),
            format!("{}1{}", "(".repeat(MAX_NESTING + 1), ")".repeat(MAX_NESTING + 1)),
        ] {
            assert!(matches!(length(text), Err(FhirPathError::TooLarge(_))));
        }
    }
}

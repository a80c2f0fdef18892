//! The only place that writes to the terminal. What is said to the user on standard error never ends a run, whatever became of the terminal,
//! the pipe or the disk behind it (`| true`, Ctrl-C to `| tee log`, a full disk). Results on standard output are a product: where they
//! cannot be written, that is an error, unless the reader has gone.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

/// What one command says and prints, for the command or program that runs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Lines on standard error.
    pub said: Vec<String>,
    /// What would have gone to standard output.
    pub printed: String,
}

/// How a line is said in other words.
pub type Words = Box<dyn Fn(&str) -> String + Send>;

/// One that keeps.
struct Keeper {
    kept: Kept,
    /// Lines are said all the same.
    aloud: bool,
    /// In whose words.
    words: Option<Words>,
}

/// From the outermost.
static KEEPERS: Mutex<Vec<Keeper>> = Mutex::new(Vec::new());

fn keepers() -> MutexGuard<'static, Vec<Keeper>> {
    KEEPERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a command of which everything is kept that it says and prints; what it says is said all the same, in the words of who runs it.
pub fn keeping<T>(words: Option<Words>, command: impl FnOnce() -> T) -> (T, Kept) {
    kept_of(true, words, command)
}

/// As [`keeping`], but nothing reaches the terminal.
pub fn keeping_silently<T>(command: impl FnOnce() -> T) -> (T, Kept) {
    kept_of(false, None, command)
}

fn kept_of<T>(aloud: bool, words: Option<Words>, command: impl FnOnce() -> T) -> (T, Kept) {
    /// Also a command that panics leaves no keeper.
    struct Place(usize);
    impl Drop for Place {
        fn drop(&mut self) {
            keepers().truncate(self.0);
        }
    }
    let place = Place(keepers().len());
    keepers().push(Keeper { kept: Kept::default(), aloud, words });
    let done = command();
    let kept = keepers().get_mut(place.0).map(|k| std::mem::take(&mut k.kept));
    (done, kept.unwrap_or_default())
}

/// What was said since the first `heard` lines to the outermost that keeps, while its command runs.
pub fn said_after(heard: usize) -> Vec<String> {
    let keepers = keepers();
    let all = keepers.first().map_or(&[][..], |k| &k.kept.said);
    all.get(heard..).unwrap_or_default().to_vec()
}

/// Says a line on standard error, if anybody can still hear it.
pub fn say(line: &str) {
    let mut keepers = keepers();
    let mut line = line.to_owned();
    for words in keepers.iter().rev().filter_map(|k| k.words.as_ref()) {
        line = words(&line);
    }
    for keeper in keepers.iter_mut() {
        keeper.kept.said.push(line.trim_start().to_owned());
    }
    let aloud = keepers.iter().all(|k| k.aloud);
    drop(keepers);
    if aloud {
        // One write, so that lines of several threads stay whole.
        let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
    }
}

/// Says what went wrong.
pub fn complain(error: &Error) {
    say(&format!("error: {error}"));
}

/// Prints results to standard output. A reader that has gone (`| head`) is no error, nor a terminal that was closed.
///
/// # Errors
/// If writing fails for another reason.
pub fn print(text: &str) -> Result<()> {
    if let Some(keeper) = keepers().last_mut() {
        keeper.kept.printed.push_str(text);
        return Ok(());
    }
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe && !out.is_terminal() => {
            Err(Error::io("write", Path::new("standard output"), &e))
        }
        _ => Ok(()),
    }
}

/// Prints a help text, in bold where that is a terminal.
///
/// # Errors
/// As [`print()`].
pub fn print_help(text: &clap::builder::StyledStr) -> Result<()> {
    if io::stdout().is_terminal() {
        return print(&text.ansi().to_string());
    }
    print(&text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A study in another program: the stage's table is the stage's, what it says is heard by all. Other tests may say and print beside it.
    #[test]
    fn keepers_stand_within_each_other() {
        let has = |kept: &Kept, line: &str| kept.said.iter().any(|l| l == line);
        let (inner, outer) = keeping_silently(|| {
            say("said before");
            assert!(said_after(0).contains(&"said before".to_string()));
            let words: Words = Box::new(|line| line.replace("spoken", "said"));
            let (_, inner) = keeping(Some(words), || {
                say("\nspoken within");
                print("a stage's table").unwrap();
            });
            print("the whole").unwrap();
            inner
        });
        assert!(has(&inner, "said within") && !has(&inner, "said before"));
        assert!(has(&outer, "said within") && has(&outer, "said before"));
        assert!(inner.printed.contains("a stage's table") && !inner.printed.contains("the whole"));
        assert!(outer.printed.contains("the whole") && !outer.printed.contains("a stage's table"));
        let panicked = std::panic::catch_unwind(|| keeping(None, || panic!("of a command")));
        assert!(panicked.is_err() && keepers().is_empty());
    }
}

//! Joins shader files into one module and leads error lines back to their files. WGSL's module scope has no order, so no import
//! language is needed.

use super::shaders::ShaderFile;

/// A module's text and where its lines come from.
#[derive(Debug, Clone)]
pub struct Assembled {
    /// WGSL.
    pub text: String,
    /// First line (from 1) of each file in the text.
    files: Vec<(usize, &'static str)>,
}

impl Assembled {
    /// Joins files in order.
    pub fn new(files: &[ShaderFile]) -> Self {
        let mut text = String::new();
        let mut starts = Vec::new();
        let mut line = 1;
        for file in files {
            starts.push((line, file.name));
            line += file.text.lines().count();
            text.push_str(file.text);
            if !file.text.ends_with('\n') {
                text.push('\n');
            }
        }
        Assembled { text, files: starts }
    }

    /// `file:line` of a line (from 1) of the text.
    pub fn origin(&self, line: usize) -> String {
        let at = self.files.partition_point(|&(first, _)| first <= line).saturating_sub(1);
        match self.files.get(at) {
            Some(&(first, name)) => format!("shaders/{name}:{}", line + 1 - first),
            None => format!("line {line}"),
        }
    }

    /// Names of the pipeline-overridable constants that the text declares.
    pub fn overrides(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter_map(|line| {
            let rest = line.strip_prefix("override ")?;
            rest.split(':').next().map(str::trim)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lead_back_to_their_files() {
        let a = ShaderFile { name: "a.wgsl", text: "one\ntwo\n" };
        let b = ShaderFile { name: "b.wgsl", text: "override X: u32;\nfour" };
        let joined = Assembled::new(&[a, b]);
        assert_eq!(joined.text, "one\ntwo\noverride X: u32;\nfour\n");
        assert_eq!(joined.origin(1), "shaders/a.wgsl:1");
        assert_eq!(joined.origin(2), "shaders/a.wgsl:2");
        assert_eq!(joined.origin(3), "shaders/b.wgsl:1");
        assert_eq!(joined.origin(4), "shaders/b.wgsl:2");
        assert_eq!(joined.overrides().collect::<Vec<_>>(), ["X"]);
    }
}

//! Where a study writes, and whether it can: told before anything is computed.

use super::file::Study;
use super::record::{RECORD, Record};
use super::stage::{Output, Stage};
use crate::error::{Error, Result};
use crate::io::folder::MarkedFolder;

/// The files of a study's output folder.
pub fn files_of(stages: &[Stage]) -> Vec<String> {
    let mut names: Vec<String> = stages.iter().filter_map(|s| s.file.clone()).collect();
    let single = |s: &&Stage| !matches!(s.output, Output::Folder(_));
    names.extend(stages.iter().filter(single).map(|s| s.output.name().to_owned()));
    names.push(RECORD.into());
    names.sort();
    names.dedup();
    names
}

impl Study {
    /// Whether the output folder can be made or is one of voxgray and of no other study, and so are those of stages that were not run yet.
    ///
    /// # Errors
    /// If something else is in the way.
    pub fn out_is_free(&self, stages: &[Stage]) -> Result<()> {
        let at = |e: Error| self.at_line(e, self.lines.exact("out"), "");
        MarkedFolder::check(&self.out, &files_of(stages)).map_err(at)?;
        let mut record = Record::read(&self.out);
        record.claim(&self.out, &self.path).map_err(at)?;
        for stage in stages.iter().filter(|s| record.get(&s.name).is_none()) {
            if let Output::Folder(name) = &stage.output {
                MarkedFolder::check(&self.out.join(name), &[]).map_err(at)?;
            }
        }
        Ok(())
    }
}

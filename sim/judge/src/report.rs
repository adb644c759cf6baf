//! What came of a replay, as text.

use std::fmt::{Display, Formatter, Result};

use crate::replay::{Difference, Report};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(
            f,
            "{} requests in {} histories, {} differences{}",
            self.requests(),
            self.histories,
            self.different(),
            match self.skipped {
                0 => String::new(),
                skipped => format!("; {skipped} requests came after one and were left out"),
            }
        )?;
        for (operation, (count, refused)) in &self.calls {
            writeln!(f, "  {operation:<20}{count:>8}, refused {refused}")?;
        }
        let forms = self.forms.iter().filter(|(_, count)| **count > 0);
        let forms = forms.map(|(form, count)| format!("{} {count}", form.name()));
        for line in forms.collect::<Vec<_>>().chunks(6) {
            writeln!(f, "  {}", line.join(", "))?;
        }
        for (kind, Difference { count, example }) in &self.differences {
            writeln!(f, "{count} × {kind}")?;
            // An alternate report is a short one.
            if !f.alternate() {
                let [request, model, other] = example;
                writeln!(
                    f,
                    "  request {request}\n  model   {model}\n  other   {other}"
                )?;
            }
        }
        Ok(())
    }
}

//! What came of a replay, as text.

use std::fmt::{Display, Formatter, Result};

use crate::replay::Report;

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
        let forms: Vec<_> = forms
            .map(|(form, count)| format!("{} {count}", form.name()))
            .collect();
        for line in forms.chunks(6) {
            writeln!(f, "  {}", line.join(", "))?;
        }
        for (kind, difference) in &self.differences {
            let [request, model, other] = &difference.example;
            writeln!(f, "{} × {kind}", difference.count)?;
            writeln!(
                f,
                "  request {request}\n  model   {model}\n  other   {other}"
            )?;
        }
        Ok(())
    }
}

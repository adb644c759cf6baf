//! What was measured, as tables, as a plot and for machines.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::jobs::by_service;
use crate::measure::{Row, Summary};
use crate::svg::{Bar, Plot, render};
use crate::throughput::{CONNECTIONS, Throughput};

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// How and on what it was measured.
    pub(crate) setting: String,
    pub(crate) rows: Vec<Line>,
    pub(crate) throughput: Vec<Throughput>,
    /// What was left out, and why.
    pub(crate) left_out: Vec<String>,
}

/// A row.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) job: String,
    pub(crate) subject: String,
    bytes: u64,
    zipped: u64,
    /// Calls of one invocation.
    calls: String,
    full: Summary,
    shares: Vec<Share>,
}

/// What was measured with the CPU share of a memory size.
#[derive(Debug, Serialize)]
struct Share {
    memory_mb: u32,
    summary: Summary,
}

impl Line {
    pub(crate) fn new(row: &Row<'_>) -> Self {
        let shares = row.shares.iter().map(|(memory_mb, samples)| Share {
            memory_mb: *memory_mb,
            summary: samples.summary(),
        });
        Self {
            job: row.job.title(),
            subject: row.subject.label.clone(),
            bytes: row.size.bytes,
            zipped: row.size.zipped,
            calls: by_service(&row.job.calls),
            full: row.full.summary(),
            shares: shares.collect(),
        }
    }

    fn share(&self, memory_mb: u32) -> Option<&Summary> {
        let share = self
            .shares
            .iter()
            .find(|share| share.memory_mb == memory_mb)?;
        share.summary.first.is_some().then_some(&share.summary)
    }
}

/// What a row is called in its table.
type Name = fn(&Line) -> &str;

/// The routes' tables.
pub(crate) fn routes(report: &Report) -> String {
    tables(report, "job", |line| &line.job)
}

/// The peers' tables.
pub(crate) fn peers(report: &Report) -> String {
    let mut text = tables(report, "GET a user", |line| &line.subject);
    if !report.throughput.is_empty() {
        let _ = write!(
            text,
            "\nThroughput: the server gets requests over {CONNECTIONS} connections, the Lambda environment one event after \
             another.\n\n| | requests/s | CPU µs a request | CPU busy | peak RSS MB |\n|---|---|---|---|---|\n"
        );
        for line in &report.throughput {
            let busy = line
                .busy
                .map_or_else(none, |busy| format!("{:.0} %", busy * 100.0));
            let _ = writeln!(
                text,
                "| {} | {:.0} | {} | {busy} | {} |",
                line.label,
                line.per_second,
                micros(line.cpu_per_request),
                number(line.rss, 1),
            );
        }
    }
    for reason in &report.left_out {
        let _ = write!(text, "\n{reason}\n");
    }
    text
}

fn tables(report: &Report, heading: &str, name: Name) -> String {
    let mut text = format!(
        "{}\n\nAt a full core:\n\n\
         | {heading} | size MB | zip MB | init ms | first ms | cold total ms | warm µs p50 / p90 / p99 | CPU: init ms | first ms \
         | warm µs | peak RSS MB | calls in init | calls |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        report.setting
    );
    for line in &report.rows {
        let full = &line.full;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} / {} / {} | {} | {} | {} | {} | {} | {} |",
            name(line),
            megabytes(line.bytes),
            megabytes(line.zipped),
            number(full.init, 1),
            number(full.first, 2),
            number(full.total, 1),
            micros(full.warm),
            micros(full.warm_p90),
            micros(full.warm_p99),
            number(full.init_cpu, 1),
            number(full.first_cpu, 2),
            micros(full.warm_cpu),
            number(full.rss, 1),
            full.ahead.unwrap_or_default(),
            line.calls,
        );
    }
    if report.rows.iter().any(|line| line.share(128).is_some()) {
        text.push_str(&shares(report, heading, name));
    }
    text
}

fn shares(report: &Report, heading: &str, name: Name) -> String {
    let mut text = format!(
        "\nWith the CPU share of a memory size from the first event on; p50 (p90):\n\n\
         | {heading} | first ms, 128 MB | 256 MB | 512 MB | cold total ms, 128 MB | 256 MB | 512 MB | warm ms, 128 MB | 256 MB \
         | 512 MB |\n|---|---|---|---|---|---|---|---|---|---|\n"
    );
    for line in &report.rows {
        let _ = write!(text, "| {} |", name(line));
        let columns: [fn(&Summary) -> String; 3] = [
            |summary| {
                format!(
                    "{} ({})",
                    number(summary.first, 2),
                    number(summary.first_p90, 2)
                )
            },
            |summary| {
                format!(
                    "{} ({})",
                    number(summary.total, 1),
                    number(summary.total_p90, 1)
                )
            },
            |summary| {
                format!(
                    "{} ({})",
                    number(summary.warm, 2),
                    number(summary.warm_p90, 2)
                )
            },
        ];
        for column in columns {
            for share in &line.shares {
                let _ = write!(text, " {} |", column(&share.summary));
            }
        }
        text.push('\n');
    }
    text
}

/// The plots of the same.
pub(crate) fn plot(report: &Report, name: Name) -> String {
    let bars = |of: fn(&Line) -> Option<&Summary>| {
        let bar = |line: &Line| {
            let summary = of(line)?;
            Some(Bar {
                label: name(line).replace("**", ""),
                parts: vec![summary.init?, summary.first?],
            })
        };
        report.rows.iter().filter_map(bar).collect::<Vec<_>>()
    };
    let plot = |title: &str, bars| Plot {
        title: title.to_owned(),
        parts: vec!["init".to_owned(), "first request".to_owned()],
        bars,
    };
    let mut plots = vec![plot(
        "Cold start at a full core",
        bars(|line| Some(&line.full)),
    )];
    let share = bars(|line| line.share(128));
    if !share.is_empty() {
        plots.push(plot(
            "Cold start with the CPU share of 128 MB from the first event on",
            share,
        ));
    }
    render(&plots)
}

/// Puts `content` between a document's marks of that name.
pub(crate) fn replace(document: &Path, name: &str, content: &str) -> Result<()> {
    let text = fs::read_to_string(document).with_context(|| document.display().to_string())?;
    let text = between(&text, name, content)
        .with_context(|| format!("{} has no marks for {name}", document.display()))?;
    Ok(fs::write(document, text)?)
}

fn between(text: &str, name: &str, content: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}: "), format!("<!-- end of {name} -->"));
    let start = text.find(&begin)?;
    let start = start + text[start..].find("-->")? + "-->".len();
    let stop = start + text[start..].find(&end)?;
    Some(format!(
        "{}\n\n{}\n\n{}",
        &text[..start],
        content.trim(),
        &text[stop..]
    ))
}

fn none() -> String {
    "–".to_owned()
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(none, |value| {
        // More digits than three say nothing.
        let digits = if value >= 100.0 {
            0
        } else if value >= 10.0 {
            digits.min(1)
        } else {
            digits
        };
        format!("{value:.digits$}")
    })
}

fn micros(millis: Option<f64>) -> String {
    millis.map_or_else(none, |millis| format!("{:.0}", millis * 1e3))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_takes_the_place_between_its_marks() {
        let text = "a\n<!-- x: written by y -->\nold\n<!-- end of x -->\nb\n";
        let once = between(text, "x", "new\n").unwrap();
        assert_eq!(
            once,
            "a\n<!-- x: written by y -->\n\nnew\n\n<!-- end of x -->\nb\n"
        );
        assert_eq!(between(&once, "x", "new\n").unwrap(), once);
        assert!(between(text, "z", "").is_none());
    }

    #[test]
    fn numbers_have_no_more_digits_than_they_are_worth() {
        assert_eq!(number(Some(123.456), 2), "123");
        assert_eq!(number(Some(12.345), 2), "12.3");
        assert_eq!(number(Some(1.234), 2), "1.23");
        assert_eq!(number(None, 2), "–");
        assert_eq!(micros(Some(0.2534)), "253");
    }
}

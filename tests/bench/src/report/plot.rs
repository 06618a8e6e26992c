//! The plots, as SVG.

use anyhow::anyhow;
use plotters::{coord::Shift, prelude::*};

use crate::{report::number::count, results::Results, server::Server};

const SIZE: (u32, u32) = (900, 520);
const FONT: &str = "sans-serif";
const HUB: RGBColor = RGBColor(0x0b, 0x5c, 0xad);
const PEER: RGBColor = RGBColor(0xd9, 0x5f, 0x02);

/// A line of a plot.
struct Series {
    name: String,
    color: RGBColor,
    is_dashed: bool,
    points: Vec<(f64, f64)>,
}

struct Axes {
    title: &'static str,
    across: &'static str,
    up: &'static str,
}

/// Milliseconds until half of all listeners, and until the last, have a message, over their number.
pub(super) fn latency(results: &Results) -> anyhow::Result<String> {
    let mut series = Vec::new();
    for (on, color) in [(Server::Hub, HUB), (Server::Nchan, PEER)] {
        let points = |pick: fn(&Results, Server, u32) -> Option<f64>| {
            let sizes = results.plan.sizes.iter().copied();
            sizes.filter_map(|size| Some((f64::from(size), pick(results, on, size)?))).collect()
        };
        let last = points(|results, on, size| results.last(on, results.plan.size(size)));
        let median = points(|results, on, size| results.p50(on, results.plan.size(size)));
        series.push(Series { name: format!("{}, last listener", on.name()), color, is_dashed: false, points: last });
        series.push(Series { name: format!("{}, median", on.name()), color, is_dashed: true, points: median });
    }
    draw(
        &Axes {
            title: "A message to all listeners of one channel",
            across: "listeners",
            up: "ms after the publish was sent",
        },
        &series,
    )
}

/// Deliveries per second over messages per second.
pub(super) fn throughput(results: &Results) -> anyhow::Result<String> {
    let listeners = results.plan.listeners;
    let rates = || results.plan.rates.iter().copied();
    let mut series = Vec::new();
    for (on, color) in [(Server::Hub, HUB), (Server::Nchan, PEER)] {
        let deliveries = |rate: u32| Some((f64::from(rate), results.deliveries(on, results.plan.rate(rate))?));
        let points = rates().filter_map(deliveries).collect();
        series.push(Series { name: on.name().to_owned(), color, is_dashed: false, points });
    }
    let offered = rates().map(|rate| (f64::from(rate), f64::from(rate) * f64::from(listeners))).collect();
    series.push(Series { name: "all that is offered".to_owned(), color: BLACK, is_dashed: true, points: offered });
    draw(
        &Axes { title: "Messages on one channel", across: "messages per second", up: "deliveries per second" },
        &series,
    )
}

fn draw(axes: &Axes, series: &[Series]) -> anyhow::Result<String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    chart(&area, axes, series).map_err(|error| anyhow!("{} cannot be drawn: {error}", axes.title))?;
    drop(area);
    Ok(svg)
}

fn chart(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    axes: &Axes,
    series: &[Series],
) -> Result<(), Box<dyn std::error::Error>> {
    area.fill(&WHITE)?;
    let points = || series.iter().filter(|series| !series.points.is_empty());
    let most =
        |pick: fn(&(f64, f64)) -> f64| points().flat_map(|series| series.points.iter().map(pick)).fold(1.0, f64::max);
    let (right, top) = (most(|point| point.0), 1.05 * most(|point| point.1));
    let mut chart = ChartBuilder::on(area)
        .caption(axes.title, (FONT, 20))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(84)
        .build_cartesian_2d(0.0..right, 0.0..top)?;
    let label = |value: &f64| count(value.round() as u64);
    chart
        .configure_mesh()
        .x_desc(axes.across)
        .y_desc(axes.up)
        .label_style((FONT, 14))
        .axis_desc_style((FONT, 15))
        .x_label_formatter(&label)
        .y_label_formatter(&label)
        .light_line_style(TRANSPARENT)
        .draw()?;
    for Series { name, color, is_dashed, points } in points() {
        let style = color.stroke_width(2);
        let drawn = if *is_dashed {
            chart.draw_series(DashedLineSeries::new(points.iter().copied(), 6, 4, style))?
        } else {
            chart.draw_series(LineSeries::new(points.iter().copied(), style))?
        };
        // A dashed line is two short ones.
        let gap = if *is_dashed { 4 } else { 0 };
        drawn.label(name).legend(move |at| {
            let piece = |from, to| PathElement::new([(from, 0), (to, 0)], style);
            EmptyElement::at(at) + piece(0, 10 - gap / 2) + piece(10 + gap / 2, 20)
        });
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, color.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font((FONT, 14))
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

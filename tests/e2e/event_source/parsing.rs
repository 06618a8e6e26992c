//! 9.2.5 Parsing an event stream.

use harness::Gate;
use serde_json::json;

use super::{
    Case, cases,
    page::{Page, stream},
};

pub(super) const CASES: &[Case] = cases![
    a_stream_may_begin_with_a_byte_order_mark,
    only_one_byte_order_mark_is_stripped,
    lines_end_with_crlf_or_lf_or_cr,
    a_stream_means_the_same_wherever_it_is_cut,
    an_event_does_not_wait_for_the_next_bytes,
    a_crlf_that_comes_in_two_parts_ends_one_line,
    streams_are_utf_8,
    what_is_no_utf_8_becomes_replacement_characters,
    a_character_may_come_in_several_parts,
    a_long_line_arrives_whole,
];

/// > stream = [ bom ] *event
async fn a_stream_may_begin_with_a_byte_order_mark(page: &Page) {
    let pieces: [&[&[u8]]; 3] = [
        &[b"\xef\xbb\xbfdata: a\n\n"],
        &[b"\xef", b"\xbb", b"\xbf", b"data: a\n\n"],
        &[b"\xef\xbb\xbf", b"data: a\n\n"],
    ];
    for pieces in pieces {
        assert_eq!(page.interpreted(pieces, &[]).await, json!([["message", "a", ""]]), "{pieces:?}");
    }
}

/// > The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any.
async fn only_one_byte_order_mark_is_stripped(page: &Page) {
    let stream = "\u{feff}\u{feff}data: 1\ndata: 2\n\n\u{feff}data: 3\n\ndata: \u{feff}4\n\n";
    assert_eq!(page.interpreted(&[stream], &[]).await, json!([["message", "2", ""], ["message", "\u{feff}4", ""]]));
}

/// > Lines must be separated by either a CRLF character pair, a single LF character, or a single CR character.
async fn lines_end_with_crlf_or_lf_or_cr(page: &Page) {
    let two = json!([["message", "a\nb", "1"], ["message", "c", "1"]]);
    for end in ["\n", "\r", "\r\n"] {
        let stream = "id: 1\ndata: a\ndata: b\n\ndata: c\n\n".replace('\n', end);
        assert_eq!(page.interpreted(&[stream], &[]).await, two, "{end:?}");
    }
    let mixed = "id: 1\rdata: a\r\ndata: b\n\r\ndata: c\r\r\n: one more empty line\n\r";
    assert_eq!(page.interpreted(&[mixed], &[]).await, two);
    // No other character ends a line.
    let others = "data: a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f\u{1e}g\n\n";
    let data = "a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f\u{1e}g";
    assert_eq!(page.interpreted(&[others], &[]).await, json!([["message", data, ""]]));
}

/// > The stream must then be parsed by reading everything line by line.
async fn a_stream_means_the_same_wherever_it_is_cut(page: &Page) {
    let stream = "id: 1\r\ndata: ü🦀\r\ndata:b\r\r\n: x\nevent:e\rdata\n\n".as_bytes();
    let cuts = (1..stream.len()).map(|cut| stream.split_at(cut));
    let pieces: Vec<&[u8]> = cuts.clone().flat_map(|(head, tail)| [head, tail]).collect();
    let expected: Vec<_> = cuts.flat_map(|_| [json!(["message", "ü🦀\nb", "1"]), json!(["e", "", "1"])]).collect();
    assert_eq!(page.interpreted(&pieces, &["e"]).await, json!(expected));
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(page.interpreted(&bytes, &["e"]).await, json!(expected[..2]));
}

/// > UAs should ensure that appropriate buffering is used. In particular, [...] block buffering or line buffering with
/// > different expected line endings can cause delays in event dispatch.
async fn an_event_does_not_wait_for_the_next_bytes(page: &Page) {
    for (name, body) in [("lf", "data: a\n\n"), ("cr", "data: a\r\r"), ("crlf", "data: a\r\n\r\n")] {
        let path = page.other_path(name);
        page.server().script(&path, [stream().piece(body)]);
        let source = page.open_with(&path, json!(null), &[]).await;
        source.fires(json!([["open", 1], ["message", "a", ""]])).await;
        source.close().await;
    }
}

/// > with a CRLF character pair, a single LF character not preceded by a CR character, and a single CR character not
/// > followed by a LF character being the ways in which a line can end.
async fn a_crlf_that_comes_in_two_parts_ends_one_line(page: &Page) {
    let gates = [Gate::new(), Gate::new()];
    // What stands between the gates was read before what comes after.
    let stream = stream().piece("data: a\n\ndata: b\r").wait(&gates[0]).piece("\ndata: c\r\r").wait(&gates[1]);
    page.script([stream.piece("\ndata: d\n\n")]);
    let source = page.open().await;
    let [open, a, b, d] =
        [json!(["open", 1]), json!(["message", "a", ""]), json!(["message", "b\nc", ""]), json!(["message", "d", ""])];
    source.fires(json!([open, a])).await;
    gates[0].open();
    source.fires(json!([open, a, b])).await;
    gates[1].open();
    source.fires(json!([open, a, b, d])).await;
}

/// > Streams must be decoded using the UTF-8 decode algorithm.
async fn streams_are_utf_8(page: &Page) {
    let stream = "event: 🦀\nid: ü\ndata: …\u{10ffff}\u{7ff}\u{800}\n\n";
    assert_eq!(page.interpreted(&[stream], &["🦀"]).await, json!([["🦀", "…\u{10ffff}\u{7ff}\u{800}", "ü"]]));
}

/// Encoding, 4.1: > a maximal subpart of what is ill-formed becomes one U+FFFD.
async fn what_is_no_utf_8_becomes_replacement_characters(page: &Page) {
    let cases: [(&[u8], &str); 7] = [
        (b"a\xffb", "a\u{fffd}b"),
        (b"\xc3", "\u{fffd}"),
        (b"\xf0\x9f\xa6", "\u{fffd}"),
        (b"\xf0\x9f\xa6x", "\u{fffd}x"),
        (b"\xc0\x80", "\u{fffd}\u{fffd}"),
        (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xf4\x90\x80\x80", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
    ];
    let stream = cases.map(|(bytes, _)| [b"data: ", bytes, b"\n\n"].concat());
    let expected = cases.map(|(_, data)| json!(["message", data, ""]));
    assert_eq!(page.interpreted(&[stream.concat()], &[]).await, json!(expected));
    let stream = stream.concat();
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(page.interpreted(&bytes, &[]).await, json!(expected));
}

/// > Streams must be decoded using the UTF-8 decode algorithm.
async fn a_character_may_come_in_several_parts(page: &Page) {
    let gates = [Gate::new(), Gate::new(), Gate::new()];
    let stream = stream().piece(b"data: 1\n\ndata: \xf0").wait(&gates[0]).piece(b"\x9f\xa6").wait(&gates[1]);
    page.script([stream.piece(b"\x80\n\ndata: \xc3").wait(&gates[2]).piece(b"\x28\n\n")]);
    let source = page.open().await;
    let all = [
        json!(["open", 1]),
        json!(["message", "1", ""]),
        json!(["message", "🦀", ""]),
        json!(["message", "\u{fffd}(", ""]),
    ];
    source.fires(json!(all[..2])).await;
    gates[0].open();
    gates[1].open();
    source.fires(json!(all[..3])).await;
    gates[2].open();
    source.fires(json!(all)).await;
}

/// > any-char = %x0000-0009 / %x000B-000C / %x000E-10FFFF, any number of which are a value.
async fn a_long_line_arrives_whole(page: &Page) {
    let data = "0123456789abcdeü".repeat(64 * 1024);
    let event = format!("data: {data}\nid: {}\n\n", "x".repeat(10_000));
    let pieces: Vec<_> = event.as_bytes().chunks(100_003).collect();
    page.script([stream().pieces(pieces)]);
    let told = page
        .run_async(
            "const source = (sources[path.slice(1) + '#'] = make(path));
             const { data, lastEventId } = await next(source, 'message');
             return [data === '0123456789abcdeü'.repeat(64 * 1024), lastEventId.length];",
        )
        .await;
    assert_eq!(told, json!([true, 10_000]));
}

//! The malformed requests: whole ones with something put in, taken out or doubled.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

/// Whole requests, of which malformed ones are made. `{COOKIES}` stands for those of an
/// admin.
const REQUESTS: [&str; 22] = [
    "GET / HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "GET /sign-in?return_to=/dashboard%3Fa%3D1&problem=expired&ref=abc HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /dashboard?tab=2 HTTP/1.1\r\nHost: localhost\r\nHX-Request-Type: partial\r\n{COOKIES}\r\n",
    "GET /sign-in/code HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "POST /sign-in/email?return_to=/dashboard HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 22\r\n{COOKIES}\r\nemail=mira%40acme.test",
    "POST /sign-in/code HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n{COOKIES}\r\ncode=123456",
    "POST /sign-in/code/resend HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nTransfer-Encoding: chunked\r\n{COOKIES}\r\n3\r\na=b\r\n0\r\n\r\n",
    "POST /sign-out HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n\r\n",
    "GET /auth/workos?return_to=/dashboard HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /auth/workos/callback?code=a_code&state=AAAAAAAAAAAAAAAAAAAAAA.1795435200000.bG9jYWxob3N0.AAAAAAAAAAAAAAAAAAAAAA&iss=https%3A%2F%2Fa.test HTTP/1.1\r\nHost: localhost\r\nCookie: flow-AAAAAAAAAA=AAAA\r\n\r\n",
    "GET /auth/workos/finish?return_to=/dashboard&flow=AAAAAAAA HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "GET /static/app.css HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nRange: bytes=0-10\r\nIf-None-Match: \"a\"\r\n\r\n",
    "GET /sign-in/not-me?token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /account HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "GET /account/activity?before=12&kind=signed-in HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "POST /account/name HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n{COOKIES}\r\nname=Mira",
    "POST /account/sessions/999999/end HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n{COOKIES}\r\n",
    "GET /admin/accounts?q=mira&state=suspended&page=2&sort=name HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "GET /admin/activity?email=mira%40acme.test&kind=signed_in&from=2026-01-01&to=2026-12-31&older_than=99 HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "GET /admin/codes?email=mira%40acme.test&page=-1 HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "POST /admin/accounts HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 42\r\n{COOKIES}\r\nemail=noor%40acme.test&name=Noor&role=admin",
    "POST /admin/accounts/import HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=a\r\nContent-Length: 113\r\n{COOKIES}\r\n--a\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nemail,name,role\nnoor@acme.test,Noor,member\n\r\n--a--\r\n",
];

/// Inserted pieces that are significant to some parser.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"%",
    b"%00",
    b"%0d%0a",
    b"%ff%fe",
    b"%2e%2e%2f",
    b"//",
    b"/../",
    b"\\",
    b"?",
    b"#",
    b"&",
    b"=",
    b";",
    b",",
    b"\"",
    b"@",
    b"\xff",
    b"\xc3\x28",
    b"\xf0\x9f\x98\x80",
    b"{{}}",
    b"{{",
    b"<script>",
    b"' OR 1=1 --",
    b"HTTP/9.9",
    b"HTTP/1.0",
    b"HTTP/1.1",
    b"CONNECT ",
    b"OPTIONS * ",
    b"TRACE ",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"-1\r\n",
    b"99999999999999999999",
    b"email=",
    b"code=",
    b"state=",
    b"session=",
    b"challenge=",
    b"device=",
    b"flow-",
    b"way-out=",
    b"return_to=",
    "０１２３４５".as_bytes(),
    "\u{202e}".as_bytes(),
];

/// Lines that go into the head of a request.
const LINES: &[&str] = &[
    "Content-Length: 5",
    "Content-Length: -1",
    "Content-Length: 99999999999999999999",
    "Content-Length: 1, 2",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: \x0bchunked",
    "Content-Encoding: gzip",
    "Content-Encoding: br",
    "Content-Type: multipart/form-data; boundary=a",
    "Content-Type: application/x-www-form-urlencoded; charset=utf-16",
    "Content-Type: \u{ff}",
    "Content-Type: a/b/c;;;",
    "Expect: 100-continue",
    "Upgrade: h2c",
    "Connection: Upgrade, close",
    "Connection: keep-alive",
    "Host: evil.test",
    "Host: [::1",
    "Host:",
    "X-Forwarded-For: 203.0.113.9",
    "X-Forwarded-For: ,,[,]:,\u{e9}",
    "X-Forwarded-Host: evil.test",
    "X-Forwarded-Proto: javascript",
    "Forwarded: for=\"",
    "Cookie: ;;;==;",
    "Cookie: session=%FF%FE; session=",
    "Cookie: challenge=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "Cookie: device=\"; way-out=\u{e9}",
    "Cookie: flow-=; flow-AAAAAAAAAA=AAAA",
    "Origin: null",
    "Origin: http://localhost:1",
    "Sec-Fetch-Site: cross-site",
    "HX-Request-Type: partial",
    "HX-Current-URL: \u{ff}",
    "Range: bytes=-1-",
    "Range: bytes=0-,0-,0-,0-",
    "If-None-Match: \"",
    "If-Modified-Since: yesterday",
    "Accept-Encoding: ;q=",
    "User-Agent: \u{202e}",
    " folded: line",
    "No colon at all",
    ": no name",
    "Na me: x",
    "X-Request-Id: \u{1b}[2J",
];

/// A request that is malformed in some way; one of twenty is whole.
pub fn request(random: &mut StdRng, cookies: &str) -> Vec<u8> {
    let base = REQUESTS.choose(random).unwrap();
    let own = format!("Cookie: {cookies}\r\n");
    // A stranger's guesses are limited by network, and are not to end the trial.
    let network = format!(
        "X-Forwarded-For: 198.{}.{}.{}\r\n",
        random.random_range(18..20),
        random.random::<u8>(),
        random.random::<u8>()
    );
    let mut bytes = base
        .replace("{COOKIES}", &own)
        .replacen("Host", &format!("{network}Host"), 1)
        .into_bytes();
    match random.random_range(0..20) {
        0 => {}
        1..=8 => in_the_head(&mut bytes, random),
        9..=11 => in_the_target(&mut bytes, random),
        12..=14 => in_the_body(&mut bytes, random),
        15..=18 => anywhere(&mut bytes, random),
        _ => {
            bytes = vec![0; random.random_range(1..2_000)];
            random.fill_bytes(&mut bytes);
        }
    }
    bytes
}

/// Bytes changed, taken out, doubled; pieces put in.
fn anywhere(bytes: &mut Vec<u8>, random: &mut StdRng) {
    for _ in 0..random.random_range(1..8) {
        let at = random.random_range(0..=bytes.len());
        let end = (at + random.random_range(0..40)).min(bytes.len());
        match random.random_range(0..5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => bytes.truncate(at.max(1)),
            _ => drop(bytes.splice(at..at, PIECES.choose(random).unwrap().iter().copied())),
        }
        if bytes.is_empty() {
            bytes.push(b'\n');
        }
    }
}

/// Odd lines, many lines, long lines.
fn in_the_head(bytes: &mut Vec<u8>, random: &mut StdRng) {
    let at = place_after(bytes, b"\r\n");
    let mut lines = Vec::new();
    match random.random_range(0..10) {
        0 => (0..random.random_range(50..300)).for_each(|number| {
            lines.extend(format!("X-{number}: {number}\r\n").bytes());
        }),
        1 => {
            lines.extend(b"Cookie: session=");
            lines.resize(random.random_range(1_000..200_000), b'A');
            lines.extend(b"\r\n");
        }
        _ => {
            for _ in 0..random.random_range(1..4) {
                lines.extend(LINES.choose(random).unwrap().bytes());
                lines.extend(b"\r\n");
            }
        }
    }
    bytes.splice(at..at, lines);
}

fn in_the_target(bytes: &mut Vec<u8>, random: &mut StdRng) {
    let start = place_after(bytes, b" ");
    let end = start
        + bytes[start..]
            .iter()
            .position(|byte| *byte == b' ')
            .unwrap_or_default();
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(start..=end);
        let piece = PIECES.choose(random).unwrap();
        let times = if random.random_range(0..15) == 0 {
            5_000
        } else {
            1
        };
        bytes.splice(at..at, piece.repeat(times));
    }
}

fn in_the_body(bytes: &mut Vec<u8>, random: &mut StdRng) {
    let start = place_after(bytes, b"\r\n\r\n");
    bytes.truncate(start);
    let mut body = Vec::new();
    for _ in 0..random.random_range(0..12) {
        body.extend_from_slice(PIECES.choose(random).unwrap());
    }
    if random.random_range(0..6) == 0 {
        body.resize(random.random_range(3_000..70_000), b'a');
    }
    // Of its right length more often than not, so that it is read.
    if random.random_range(0..3) > 0 {
        let head = String::from_utf8_lossy(bytes).into_owned();
        let lines = head.split_inclusive("\r\n");
        let others = lines
            .filter(|line| !line.starts_with("Content-Length") && !line.starts_with("Transfer-"));
        let others: String = others.collect();
        let head = others.trim_end_matches("\r\n").to_owned();
        *bytes = format!("{head}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    }
    bytes.extend(body);
}

fn place_after(bytes: &[u8], mark: &[u8]) -> usize {
    let found = bytes.windows(mark.len()).position(|window| window == mark);
    found.map_or(bytes.len(), |at| at + mark.len())
}

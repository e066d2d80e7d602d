//! How the loop ends, and that the control socket is served by the same one.

use std::time::Instant;

use tokio::net::UnixStream;

use super::*;

#[tokio::test]
async fn a_shutdown_finishes_open_requests_and_closes_idle_connections_at_once() {
    let server = start(LIMITS).await;
    let (mut idle, mut silent) = (server.connect().await, server.connect().await);
    ask(&mut idle, "/").await;
    let mut open = server.connect().await;
    open.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(millis(40)).await;
    server.stop.send(()).unwrap();
    assert!(closes_within(&mut idle, millis(80)).await);
    assert!(closes_within(&mut silent, millis(80)).await);
    let answer = read_some(&mut open).await;
    assert_eq!(status(&answer), Some(200));
    assert!(answer.ends_with("done") && answer.contains("connection: close"), "{answer}");
    tokio::time::timeout(millis(500), server.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn the_grace_of_a_shutdown_ends() {
    let server = start(Limits { shutdown_grace: millis(80), ..LIMITS }).await;
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(millis(40)).await;
    let start = Instant::now();
    server.stop.send(()).unwrap();
    tokio::time::timeout(millis(1_000), server.task).await.unwrap().unwrap();
    assert!(start.elapsed() >= millis(80), "the grace was given");
    assert!(closes_within(&mut stuck, millis(100)).await);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_room() {
    let server = start(Limits { max_connections: 1, ..LIMITS }).await;
    let mut only = server.connect().await;
    ask(&mut only, "/").await;
    server.stop.send(()).unwrap();
    tokio::time::timeout(millis(500), server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_control_socket_is_served_and_tells_who_asks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let limits = Limits { connections_per_address: 1, ..LIMITS };
    let (_stop, _task) = start_on(listener, TestHandler::default(), limits);
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&path).unwrap());
    for _ in 0..2 {
        let mut client = UnixStream::connect(&path).await.unwrap();
        let request = b"GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        client.write_all(request).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with(&format!("Unix {{ uid: {owner} }}")), "{answer}");
    }
}

#[tokio::test]
async fn a_network_peer_is_told_to_the_handler() {
    let server = start(LIMITS).await;
    let mut client = server.connect().await;
    let local = client.local_addr().unwrap();
    client.write_all(b"GET /peer HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let answer = read_some(&mut client).await;
    assert!(answer.ends_with(&format!("Tcp({local})")), "{answer}");
}

//! A page that is used for a long time holds on to nothing from calls before.

use vitrine_e2e::{Result, rounds};

use crate::whole;

#[tokio::test]
async fn fifty_rounds_leave_no_more_behind_than_ten() -> Result<()> {
    let _machine = whole().await;
    let rounds = rounds::play(50).await?;
    for ((name, tenth), (_, last)) in std::iter::zip(rounds[9].pages(), rounds[49].pages()) {
        assert_eq!(last.created_connections, 50, "{name} made one connection a round");
        assert_eq!(last.live_connections, 0, "{name} closed them");
        assert!(
            last.wasm_pages > 0 && last.wasm_references > 0 && last.listeners["WebSocket"] > 0,
            "{name} was watched: {last:?}"
        );
        assert!(!last.has_grown_since(tenth), "{name} had {tenth:?} after ten rounds, {last:?} in the end");
    }
    Ok(())
}

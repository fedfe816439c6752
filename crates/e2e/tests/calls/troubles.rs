//! What goes wrong with a call is what the inspector says first. The troubles that need a network of their own have
//! `laboratory` in their names.

use vitrine_e2e::{Result, Trouble};

use crate::{half, whole};

async fn is_explained(trouble: Trouble) -> Result<()> {
    let explained = trouble.explained().await?;
    assert!(trouble.is_explained_by(&explained), "{trouble:?}: {explained:?}");
    Ok(())
}

macro_rules! troubles {
    ($($name:ident: $trouble:ident, $share:ident;)+) => {$(
        #[tokio::test]
        async fn $name() -> Result<()> {
            let _machine = $share().await;
            is_explained(Trouble::$trouble).await
        }
    )+};
}

troubles! {
    udp_that_is_cut_in_a_laboratory_is_found: UdpCut, half;
    wrong_credentials_in_a_laboratory_are_found: WrongCredentials, half;
    relay_that_is_down_in_a_laboratory_is_found: RelayDown, half;
    missing_relay_in_a_laboratory_is_found: NoRelay, half;
    lost_packets_in_a_laboratory_are_found: Loss, half;
    narrow_upload_in_a_laboratory_is_found: NarrowUpload, whole;
    broken_pair_in_a_laboratory_is_found: BrokenPair, whole;
    busy_processor_is_found: BusyProcessor, whole;
    camera_that_is_gone_is_found: CameraGone, half;
    silent_microphone_is_found: SilentMicrophone, half;
    tab_that_is_asleep_is_found: OtherTabAsleep, half;
    server_that_is_down_is_found: SignalingDown, half;
    offers_that_cross_are_found: Glare, half;
}

//! Participants who lie, flood, or pretend to be somebody else.

use super::*;

#[test]
fn nobody_takes_the_place_of_a_participant_who_is_heard() {
    let mut world = World::new(&["Ada", "Ben", "Mallory"]);
    let mallory = world.connections.iter().find(|all| (all.1, all.2) == (0, 2)).unwrap().0;
    world.cut(mallory);
    let forged = world.begin(0, 2);
    world.change(0, forged, |peer| {
        (peer.session, peer.name) = (Some(session(1)), Some("Ben".to_owned()));
        (peer.is_connected, peer.has_channel) = (true, true);
    });
    world.tell(0, Input::Tick);
    world.tell(0, Input::Received { key: forged, message: ControlMessage::ChatReceived { number: 0 } });
    world.tell(0, Input::Received { key: forged, message: chat(1, 0, "I am Ben") });
    world.write_to(0, 1, "for Ben");
    assert!(world.queue.iter().all(|(_, to, _)| *to != 2), "{:?}", world.queue);
    world.settle();
    world.all_see(&[0, 1], &["for Ben"]);
    // In the user's own name either.
    world.change(0, forged, |peer| peer.session = Some(session(0)));
    world.tell(0, Input::Received { key: forged, message: chat(2, 0, "I am you") });
    world.all_see(&[0], &["for Ben"]);
}

#[test]
fn long_text_is_cut_and_the_flood_is_dropped() {
    let mut world = World::new(&["Ada", "Mallory"]);
    world.forge(1, 0, chat(1, 0, &"x".repeat(40_000)));
    assert_eq!(world.texts(0)[0].len(), MAX_TEXT_UNITS);
    world.forge(1, 0, chat(2, 1, &"x".repeat(10_000_000)));
    assert_eq!(world.texts(0).len(), 1);
    for number in 2..100_000 {
        world.forge(1, 0, chat(number, number - 1, "flood"));
    }
    let before = world.texts(0).len();
    assert!(before < 60, "{before} messages");
    world.queue.clear();
    world.write(0, "still here");
    world.wait(10_000.0);
    assert!(world.texts(0).contains(&"still here".to_owned()));
}

#[test]
fn flood_over_time_is_bounded_and_washes_away_nobody_else() {
    let mut world = World::new(&["Ada", "Ben", "Mallory"]);
    world.write(1, "important");
    world.settle();
    let mut number = 0;
    for _ in 0..400 {
        world.now += 1_000.0;
        for _ in 0..8 {
            let last = world.sides[0].chat.people.by_key(2).map_or(0, |(_, person)| person.last);
            number = number.max(last) + 1;
            world.forge(2, 0, chat(number, last, &"이".repeat(600)));
        }
        world.queue.clear();
    }
    let state = world.sides[0].chat.view();
    let bytes: usize = state.messages.iter().map(|message| message.text.len()).sum();
    assert!(
        state.messages.len() <= MAX_MESSAGES && bytes <= MAX_BYTES,
        "{} messages, {bytes} bytes",
        state.messages.len()
    );
    assert!(state.messages.len() > 50 && state.is_shortened);
    assert_eq!(state.messages[0].text, "important");
}

#[test]
fn told_history_changes_no_message_and_speaks_for_nobody_who_is_there() {
    let mut world = World::new(&["Ada", "Ben"]);
    world.write(0, "true");
    world.settle();
    let cho = world.enter("Cho");
    world.connect(1, cho);
    // Ben is asked, and lies.
    let messages = vec![
        record(0, 1, 9_000, "false"),
        record(cho, 1, 9_000, "Cho says so"),
        record(7, 1, 8_000, "of somebody who has left"),
        ChatRecord { author: "x".repeat(10_000), ..record(0, 1, 0, "") },
        ChatRecord { text: "\u{202e}".to_owned(), ..record(7, 2, 0, "") },
    ];
    world.forge(1, cho, ControlMessage::ChatHistory { messages: Some(messages), more: false });
    assert_eq!(world.texts(cho), ["false", "of somebody who has left"]);
    assert_eq!(world.sides[cho].chat.view().messages[0].via, Some(called("Ben", 1)), "and it is said who told it");
    world.queue.clear();
    // Unasked.
    world.forge(1, cho, ControlMessage::ChatHistory { messages: Some(vec![record(8, 1, 0, "unasked")]), more: false });
    world.connect(0, cho);
    world.settle();
    world.wait(8_000.0);
    assert_eq!(world.texts(cho), ["of somebody who has left", "true"]);
    world.all_see(&[0, 1], &["true"]);
}

#[test]
fn made_up_messages_between_real_ones_go() {
    let mut world = World::new(&["Ada", "Ben"]);
    world.write(0, "one");
    world.write_to(0, 1, "for Ben");
    world.write(0, "three");
    world.settle();
    let cho = world.enter("Cho");
    world.connect(1, cho);
    let messages = vec![record(0, 1, 10, "one"), record(0, 2, 9, "made up")];
    world.forge(1, cho, ControlMessage::ChatHistory { messages: Some(messages), more: false });
    assert_eq!(world.texts(cho).len(), 2);
    world.queue.clear();
    world.connect(0, cho);
    world.settle();
    world.all_see(&[cho], &["one", "three"]);
}

#[test]
fn history_is_bounded_on_both_sides() {
    let mut world = World::new(&["Ada", "Mallory"]);
    let cho = world.enter("Cho");
    world.connect(1, cho);
    world.queue.clear();
    for piece in 0..400 {
        let messages = (0..50).map(|index| record(9, 1 + piece * 50 + index, 0, &"x".repeat(100))).collect();
        world.forge(1, cho, ControlMessage::ChatHistory { messages: Some(messages), more: true });
    }
    assert_eq!(world.texts(cho).len(), MAX_MESSAGES);
    // Asked again and again.
    let before = world.carried;
    world.queue.clear();
    world.connect(0, cho);
    world.settle();
    world.write(0, "one");
    world.settle();
    for _ in 0..10_000 {
        world.forge(1, 0, ControlMessage::ChatHistoryRequest { since: None });
    }
    assert!(world.carried - before < 10, "{} answers", world.carried - before);
}

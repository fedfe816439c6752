//! Who comes later, or was away, gets what was written meanwhile.

use super::*;

#[test]
fn private_message_reaches_one_person_and_no_history() {
    let mut world = World::new(&["Ada", "Ben", "Cho"]);
    world.write(0, "one");
    world.write_to(0, 1, "psst");
    world.write(0, "two");
    world.settle();
    world.all_see(&[0, 1], &["one", "psst", "two"]);
    world.all_see(&[2], &["one", "two"]);
    assert_eq!(world.sides[1].chat.view().messages[1].audience, Audience::Me);
    assert_eq!(world.sides[0].chat.view().messages[1].audience, Audience::Person(called("Ben", 1)));
    let dan = world.join("Dan");
    world.wait(5_000.0);
    world.all_see(&[dan], &["one", "two"]);
    assert_eq!(world.missing(0), []);
}

#[test]
fn newcomer_gets_what_was_written_before_of_those_who_left_too() {
    let mut world = World::new(&["Ada", "Ben", "Cho"]);
    for (side, text) in [(0, "a1"), (1, "b1"), (2, "c1"), (1, "b2"), (0, "a2")] {
        world.write(side, text);
        world.settle();
        world.wait(3_000.0);
    }
    world.leave(2);
    let dan = world.join("Dan");
    world.wait(1_000.0);
    world.all_see(&[0, 1, dan], &["a1", "b1", "c1", "b2", "a2"]);
    let seen = world.sides[dan].chat.view();
    assert!(seen.messages.iter().all(|message| message.is_old));
    assert_eq!(seen.messages[2].author.name.as_deref(), Some("Cho"));
    assert_eq!(seen.messages[2].via, Some(called("Ada", 0)), "its author is gone");
    assert_eq!(seen.messages[1].via, None, "its author has sent it too");
    assert_eq!(seen.messages[0].time, (START + 250.0 * 0.0) as u64);
}

#[test]
fn message_written_while_a_newcomer_connects_arrives_once() {
    let mut world = World::new(&["Ada", "Ben"]);
    world.write(1, "before");
    world.settle();
    let cho = world.enter("Cho");
    // Cho is connected with Ada, who tells what was before, and then Ben writes, who is not connected with Cho yet.
    world.connect(0, cho);
    world.settle();
    world.write(1, "meanwhile");
    world.settle();
    world.wait(1_000.0);
    world.write(0, "answer");
    world.settle();
    world.wait(2_000.0);
    assert!(world.missing(1).iter().any(|(text, _)| text == "meanwhile"), "{:?}", world.missing(1));
    world.connect(1, cho);
    world.settle();
    world.wait(8_000.0);
    world.all_see(&[0, 1, cho], &["before", "meanwhile", "answer"]);
    assert_eq!((world.missing(0), world.missing(1)), (vec![], vec![]));
}

#[test]
fn two_newcomers_do_not_take_each_other_for_those_who_know() {
    let mut world = World::new(&["Ada"]);
    world.write(0, "alone");
    assert_eq!(world.missing(0), [("alone".to_owned(), vec![Missing::Nobody])]);
    let (ben, cho) = (world.enter("Ben"), world.enter("Cho"));
    world.connect(ben, cho);
    world.settle();
    world.wait(3_000.0);
    world.connect(0, ben);
    world.connect(0, cho);
    world.settle();
    world.all_see(&[0, ben, cho], &["alone"]);
    assert_eq!(world.missing(0), [], "it has reached somebody after all");
}

#[test]
fn next_one_is_asked_when_the_first_is_silent_or_gone() {
    for is_cut in [false, true] {
        let mut world = World::new(&["Ada", "Ben", "Cho"]);
        world.write(2, "c1");
        world.settle();
        world.leave(2);
        let dan = world.enter("Dan");
        let to_ada = world.connect(0, dan);
        // Ada's answer is lost.
        world.queue.clear();
        world.connect(1, dan);
        world.queue.retain(|(key, to, _)| (*key, *to) != (to_ada, 0));
        if is_cut {
            world.cut(to_ada);
        }
        world.settle();
        assert_eq!(world.texts(dan).is_empty(), !is_cut);
        world.wait(5_000.0);
        world.all_see(&[dan], &["c1"]);
        assert_eq!(world.sides[dan].chat.view().messages[0].via, Some(called("Ben", 1)));
    }
}

#[test]
fn participant_who_was_away_gets_what_was_written_meanwhile() {
    let mut world = World::new(&["Ada", "Ben", "Cho"]);
    world.write(0, "one");
    world.settle();
    world.leave(1);
    world.wait(60_000.0);
    world.write(0, "two");
    world.settle();
    world.write(2, "three");
    world.settle();
    world.wait(1_000.0);
    world.write(1, "from away");
    world.wait(30_000.0);
    world.leave(2);
    world.wait(200_000.0);
    world.begin(0, 1);
    world.tell(1, Input::EntryAnswered { session: Some(session(1)) });
    world.connect(0, 1);
    world.settle();
    world.wait(10_000.0);
    // Cho is gone. Ada has passed it on.
    world.all_see(&[0, 1], &["one", "two", "three", "from away"]);
    assert!(!world.sides[1].chat.view().messages[2].is_old);
}

#[test]
fn many_messages_of_all_keep_the_newest() {
    let mut world = World::new(&["Ada", "Ben"]);
    for number in 0..400 {
        for side in [0, 1] {
            world.write(side, &format!("{side}-{number}"));
            world.settle();
        }
        world.wait(500.0);
    }
    world.wait(20_000.0);
    for side in [0, 1] {
        let texts = world.texts(side);
        assert_eq!(texts.len(), MAX_MESSAGES);
        assert_eq!(texts[499], "1-399");
        assert_eq!(texts[0], "0-150");
    }
    let cho = world.join("Cho");
    world.wait(200_000.0);
    let texts = world.texts(0);
    assert_eq!(world.texts(cho), texts);
    assert!(world.sides[cho].chat.view().messages.iter().all(|message| message.via.is_none()), "all authors are there");
}

#[test]
fn every_message_on_the_wire_is_short() {
    let mut world = World::new(&["Ada", "Ben"]);
    for text in ["\"".repeat(MAX_TEXT_UNITS), "이".repeat(MAX_TEXT_UNITS), "🎥".repeat(MAX_TEXT_UNITS)] {
        world.write(0, &text);
        world.settle();
        world.wait(3_000.0);
    }
    for _ in 0..200 {
        world.write(0, "short");
    }
    world.wait(60_000.0);
    for piece in world.sides[1].chat.pieces(None) {
        let length = serde_json::to_string(&piece).unwrap().len();
        assert!(length < 24_000, "{length} bytes");
    }
}

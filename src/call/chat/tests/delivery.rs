//! Messages reach whom they are for, once and in order, over connections that come and go.

use super::*;

#[test]
fn message_reaches_everybody_once_with_the_author_s_name() {
    let mut world = World::new(&["Ada", "Ben", "Cho"]);
    world.write(0, " hello\u{202e} ");
    world.settle();
    world.write(1, "hi");
    world.settle();
    world.wait(20_000.0);
    world.all_see(&[0, 1, 2], &[" hello", "hi"]);
    let seen = world.sides[2].chat.view();
    assert_eq!(seen.messages[0].author, called("Ada", 0));
    assert!(!seen.messages[0].is_mine && !seen.messages[0].is_old && seen.messages[0].via.is_none());
    assert!(world.sides[0].chat.view().messages[0].is_mine);
    assert_eq!(world.missing(0), []);
}

#[test]
fn lost_messages_come_again_over_the_next_connection_in_order_and_once() {
    let mut world = World::new(&["Ada", "Ben", "Cho"]);
    world.write(0, "one");
    world.settle();
    world.write(0, "two");
    world.write(0, "three");
    let key = world.connections.iter().find(|all| (all.1, all.2) == (0, 1)).unwrap().0;
    world.cut(key);
    world.settle();
    world.wait(2_000.0);
    assert_eq!(
        world.missing(0),
        [
            ("two".to_owned(), vec![Missing::Left(called("Ben", 1))]),
            ("three".to_owned(), vec![Missing::Left(called("Ben", 1))])
        ]
    );
    world.write(0, "four");
    world.settle();
    world.all_see(&[1], &["one"]);
    world.connect(0, 1);
    world.settle();
    world.wait(90_000.0);
    world.all_see(&[0, 1, 2], &["one", "two", "three", "four"]);
    assert_eq!(world.missing(0), []);
}

#[test]
fn lost_acknowledgement_doubles_nothing() {
    let mut world = World::new(&["Ada", "Ben"]);
    world.write(0, "one");
    let (key, to, message) = world.queue.pop_front().unwrap();
    world.tell(to, Input::Received { key, message });
    world.queue.clear();
    world.wait(2_000.0);
    assert_eq!(world.missing(0), [("one".to_owned(), vec![Missing::Waiting(called("Ben", 1))])]);
    world.wait(5_000.0);
    world.all_see(&[1], &["one"]);
    assert_eq!(world.missing(0), []);
    let carried = world.carried;
    world.wait(100_000.0);
    assert_eq!(world.carried, carried, "what was acknowledged is not sent any more");
}

#[test]
fn full_channel_delays_messages_and_keeps_their_order() {
    let mut world = World::new(&["Ada", "Ben"]);
    world.sides[0].ends.full.push(1);
    world.write(0, "one");
    world.write(0, "two");
    world.wait(1_000.0);
    world.sides[0].ends.full.clear();
    world.write(0, "three");
    world.settle();
    world.all_see(&[1], &["one", "two", "three"]);
}

#[test]
fn replaced_connection_loses_and_doubles_nothing() {
    let mut world = World::new(&["Ada", "Ben"]);
    world.write(0, "one");
    // Ben's network has changed. The old connection is not heard any more, and not closed yet.
    world.queue.clear();
    let old = world.last_key;
    world.change(0, old, |peer| peer.is_heard = false);
    let new = world.begin(0, 1);
    assert_ne!(old, new);
    world.connect(0, 1);
    world.settle();
    for (side, text) in [(0, "two"), (1, "three")] {
        world.now += 2_000.0;
        world.write(side, text);
        world.settle();
    }
    world.cut(old);
    world.now += 2_000.0;
    world.write(1, "four");
    world.settle();
    world.wait(10_000.0);
    world.all_see(&[0, 1], &["one", "two", "three", "four"]);
    assert_eq!(world.sides[0].chat.view().people.len(), 1);
}

#[test]
fn participant_without_chat_is_named() {
    let mut world = World::new(&["Ada", "Ben"]);
    let key = world.begin(0, 1);
    world.sides[1].ends.peers.pop();
    world.change(0, key, |peer| peer.is_connected = true);
    world.tell(0, Input::Tick);
    world.write(0, "hello");
    world.settle();
    world.wait(6_000.0);
    let guest = ChatName { name: None, id: UserId("id-1".to_owned()) };
    assert_eq!(world.missing(0), [("hello".to_owned(), vec![Missing::NoChat(guest)])]);
    let reach: Vec<_> = world.sides[0].chat.view().people.iter().map(|person| person.reach).collect();
    assert_eq!(reach, [Reach::Open, Reach::NoChat]);
}

#[test]
fn age_counts_and_no_clock_is_believed() {
    let mut world = World::new(&["Ada", "Ben"]);
    world.write(0, "one");
    world.settle();
    world.wait(5_000.0);
    for age in [u32::MAX, MAX_AGE, 4_000] {
        let number = world.texts(0).len() as u32;
        let message = ControlMessage::Chat { number, previous: number - 1, age, text: age.to_string(), private: false };
        world.forge(1, 0, message);
    }
    let state = world.sides[0].chat.view();
    let of = |text: &str| state.messages.iter().find(|message| message.text == text).unwrap().time as f64;
    assert_eq!(world.now - of(&u32::MAX.to_string()), f64::from(MAX_AGE));
    assert_eq!(world.now - of("4000"), 4_000.0);
    assert!(state.messages.is_sorted_by_key(|message| message.time), "{:?}", state.messages);
}

#[test]
fn late_message_stands_where_it_was_written() {
    let mut world = World::new(&["Ada", "Ben", "Cho"]);
    let key = world.connections.iter().find(|all| (all.1, all.2) == (0, 1)).unwrap().0;
    world.sides[0].ends.full.push(key);
    world.write(0, "early");
    world.settle();
    world.wait(4_000.0);
    world.write(2, "late");
    world.settle();
    world.all_see(&[1], &["late"]);
    world.sides[0].ends.full.clear();
    world.wait(1_000.0);
    world.all_see(&[0, 1, 2], &["early", "late"]);
    let keys: Vec<_> = world.sides[1].chat.view().messages.iter().map(|message| message.key).collect();
    assert!(keys[0] > keys[1], "it came later");
}

/// Connections come and go at random while all write. In the end, everybody has everything, once, in the order of each author.
#[test]
fn nothing_is_lost_or_doubled_whatever_happens_to_the_connections() {
    for seed in 0..25_u32 {
        let mut random = seed;
        let mut next = move |below: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) % below
        };
        let mut world = World::new(&["Ada", "Ben", "Cho"]);
        for number in 0..60 {
            match next(5) {
                0 => {
                    let (left, right) = [(0, 1), (0, 2), (1, 2)][next(3) as usize];
                    let between = |all: &&(u64, usize, usize)| (all.1, all.2) == (left, right);
                    let key = world.connections.iter().find(between).map(|all| all.0);
                    match key {
                        Some(key) => world.cut(key),
                        None => drop(world.connect(left, right)),
                    }
                }
                1 => {
                    // One message is lost with the connection, as if it broke then.
                    if let Some((key, left, right)) = world.connections.first().copied() {
                        world.cut(key);
                        world.connect(left, right);
                    }
                }
                2 => world.wait(f64::from(next(9_000))),
                3 => {
                    for _ in 0..next(4) {
                        if let Some((key, to, message)) = world.queue.pop_front() {
                            world.tell(to, Input::Received { key, message });
                        }
                    }
                }
                _ => world.write(next(3) as usize, &number.to_string()),
            }
        }
        for (left, right) in [(0, 1), (0, 2), (1, 2)] {
            if !world.connections.iter().any(|all| (all.1, all.2) == (left, right)) {
                world.connect(left, right);
            }
        }
        world.settle();
        world.wait(130_000.0);
        let mut expected = world.texts(0);
        expected.sort();
        for side in 0..3 {
            let state = world.sides[side].chat.view();
            let mut texts = world.texts(side);
            texts.sort();
            assert_eq!(texts, expected, "seed {seed}, side {side}");
            assert_eq!(world.missing(side), [], "seed {seed}, side {side}");
            for author in 0..3 {
                let name = Some(world.sides[author].name);
                let of = state.messages.iter().filter(|message| message.author.name.as_deref() == name);
                let numbers: Vec<u32> = of.map(|message| message.text.parse().unwrap()).collect();
                assert!(numbers.is_sorted(), "seed {seed}, side {side}: {numbers:?}");
            }
        }
    }
}

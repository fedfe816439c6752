//! Elements of the page, and the views made of them. A builder over the browser's DOM instead of Leptos' view types:
//! there every element is a type of its own, with code of its own; here all are one. What changes is given as a
//! closure under a name with `live`, which is an effect (see [`super::reactive`]) of the owner that is current then.

use std::borrow::Cow;

use leptos::{
    prelude::untrack,
    reactive::owner::Owner,
    tachys::{
        renderer::Rndr,
        view::{Mountable, Render},
    },
};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, HtmlElement, HtmlInputElement, Node};

use super::reactive::{Value, effect, keep};
use crate::browser::Listener;

/// An element of the page. It has what it was given as soon as it was given, in the page or not.
#[derive(Clone)]
pub struct Element(web_sys::Element);

/// A new HTML element.
pub fn element(tag: &str) -> Element {
    Element(Rndr::create_element(tag, None))
}

/// A new HTML element of this class.
pub fn classed(tag: &str, class: &str) -> Element {
    element(tag).attr("class", class)
}

/// A new button of this class that submits no form.
pub fn button(class: &str) -> Element {
    classed("button", class).attr("type", "button")
}

/// A new SVG element.
pub fn svg_element(tag: &str) -> Element {
    Element(Rndr::create_element(tag, Some("http://www.w3.org/2000/svg")))
}

impl Element {
    /// Sets an attribute.
    pub fn attr(self, name: &str, value: &str) -> Self {
        let _ = self.0.set_attribute(name, value);
        self
    }

    /// Sets the name by which tests find the element.
    pub fn test_id(self, id: &str) -> Self {
        self.attr("data-testid", id)
    }

    /// Sets an attribute to what `value` gives, now and whenever it changes.
    pub fn live_attr<V: Into<Attribute>>(self, name: &'static str, value: impl Fn() -> V + 'static) -> Self {
        self.follow_attribute(name, Box::new(move || value().into()));
        self
    }

    fn follow_attribute(&self, name: &'static str, value: Box<dyn Fn() -> Attribute>) {
        let element = self.0.clone();
        effect(move || match value().0 {
            Some(value) if element.get_attribute(name).as_deref() == Some(&*value) => {}
            Some(value) => drop(element.set_attribute(name, &value)),
            None => drop(element.remove_attribute(name)),
        });
    }

    /// For an input: shows `value`, whether it is typed or set.
    pub fn typed(self, value: Value<String>) -> Self {
        let input: HtmlInputElement = self.cast();
        effect({
            let input = input.clone();
            move || {
                value.with(|value| {
                    if input.value() != *value {
                        input.set_value(value)
                    }
                })
            }
        });
        self.on("input", move |_| value.set(input.value()))
    }

    /// Calls `handler` at every event `name`.
    pub fn on(self, name: &'static str, handler: impl FnMut(Event) + 'static) -> Self {
        keep(Listener::new(&self.0, name, handler));
        self
    }

    /// Adds to the end of the element: an element, a text, several, or what [`live`] makes.
    pub fn child(self, view: impl Into<View>) -> Self {
        insert(&self.0, view.into(), None);
        self
    }

    /// Gives the element the focus, once it is in the page.
    pub fn focused(self) -> Self {
        let element: HtmlElement = self.cast();
        spawn_local(async move { drop(element.focus()) });
        self
    }

    /// The browser's element, as `T`, which it has to be.
    pub fn cast<T: JsCast>(&self) -> T {
        self.0.clone().unchecked_into()
    }
}

/// The value of an attribute; none takes the attribute away.
pub struct Attribute(Option<Cow<'static, str>>);

impl From<&'static str> for Attribute {
    fn from(value: &'static str) -> Self {
        Self(Some(value.into()))
    }
}

impl From<String> for Attribute {
    fn from(value: String) -> Self {
        Self(Some(value.into()))
    }
}

impl From<Option<&'static str>> for Attribute {
    fn from(value: Option<&'static str>) -> Self {
        Self(value.map(Cow::from))
    }
}

impl From<Option<String>> for Attribute {
    fn from(value: Option<String>) -> Self {
        Self(value.map(Cow::from))
    }
}

/// `"true"`, or no attribute.
impl From<bool> for Attribute {
    fn from(value: bool) -> Self {
        Self(value.then_some("true".into()))
    }
}

/// What can stand in an element.
pub enum View {
    /// An element or a text.
    Node(Node),
    /// Several, or nothing.
    Many(Vec<View>),
    /// What changes: the closure arranges it, and does so again whenever a value that it read has changed.
    Live(Box<dyn FnMut(&Place)>),
}

/// What `make` gives, made anew whenever a value that it read has changed.
pub fn live<V: Into<View>>(mut make: impl FnMut() -> V + 'static) -> View {
    View::Live(Box::new(move |place| {
        place.clear();
        place.fill(make().into());
    }))
}

/// The text that `read` gives, in one node that stays.
pub fn live_text<T: Into<Cow<'static, str>>>(read: impl Fn() -> T + 'static) -> View {
    fn following(read: Box<dyn Fn() -> Cow<'static, str>>) -> View {
        let node = text("");
        effect({
            let node = node.clone();
            move || node.set_text_content(Some(&read()))
        });
        View::Node(node)
    }
    following(Box::new(move || read().into()))
}

/// An element for every key, in their order, made when the key appears and taken away with the key. The others stay
/// untouched in the page: a video that is taken out and put back stops playing.
pub fn keyed<K: Clone + PartialEq + 'static>(keys: Value<Vec<K>>, make: impl Fn(K) -> Element + 'static) -> View {
    let owner = Owner::current();
    let mut shown: Vec<(K, Element, Option<Owner>)> = Vec::new();
    View::Live(Box::new(move |place| {
        let keys = keys.get();
        shown.retain(|(key, element, owner)| {
            let stays = keys.contains(key);
            if !stays {
                owner.iter().for_each(Owner::cleanup);
                element.0.remove();
            }
            stays
        });
        for (index, key) in keys.into_iter().enumerate() {
            let found = shown.iter().skip(index).position(|(known, ..)| *known == key);
            if let Some(found) = found {
                let moved = shown.remove(index + found);
                shown.insert(index, moved);
            } else {
                // Not the owner of this run, which ends with the next one.
                let owner = owner.as_ref().map(Owner::child);
                let make = || untrack(|| make(key.clone()));
                let element = owner.as_ref().map_or_else(make, |owner| owner.with(make));
                shown.insert(index, (key, element, owner));
            }
        }
        place.order(shown.iter().map(|(_, element, _)| &*element.0));
    }))
}

impl From<Element> for View {
    fn from(element: Element) -> Self {
        Self::Node(element.0.into())
    }
}

impl From<&str> for View {
    fn from(content: &str) -> Self {
        Self::Node(text(content))
    }
}

impl From<String> for View {
    fn from(content: String) -> Self {
        Self::Node(text(&content))
    }
}

impl<V: Into<View>> From<Vec<V>> for View {
    fn from(views: Vec<V>) -> Self {
        Self::Many(views.into_iter().map(Into::into).collect())
    }
}

impl<V: Into<View>, const N: usize> From<[V; N]> for View {
    fn from(views: [V; N]) -> Self {
        Self::Many(views.into_iter().map(Into::into).collect())
    }
}

impl<V: Into<View>> From<Option<V>> for View {
    fn from(view: Option<V>) -> Self {
        view.map_or(Self::Many(Vec::new()), Into::into)
    }
}

fn text(content: &str) -> Node {
    Rndr::create_text_node(content).into()
}

/// Puts `view` into `parent`, before the node `before` if there is one. Fails for no view of ours: the browser refuses
/// only to put a node into itself.
fn insert(parent: &Node, view: View, before: Option<&Node>) {
    match view {
        View::Node(node) => drop(parent.insert_before(&node, before)),
        View::Many(views) => views.into_iter().for_each(|view| insert(parent, view, before)),
        View::Live(mut arrange) => {
            let place = Place::new(parent, before);
            effect(move || arrange(&place));
        }
    }
}

/// A place in the page whose content changes, between two empty texts.
pub struct Place {
    start: Node,
    end: Node,
}

impl Place {
    fn new(parent: &Node, before: Option<&Node>) -> Self {
        let place = Self { start: text(""), end: text("") };
        for node in [&place.start, &place.end] {
            let _ = parent.insert_before(node, before);
        }
        place
    }

    /// Adds to what is there.
    fn fill(&self, view: View) {
        if let Some(parent) = self.end.parent_node() {
            insert(&parent, view, Some(&self.end));
        }
    }

    /// Puts `nodes`, which are all that is there or new, into their order. Goes from the end and moves only what is
    /// not where it should be, so that those who kept their place among the others are not touched.
    fn order<'a>(&self, nodes: impl DoubleEndedIterator<Item = &'a Node>) {
        let Some(parent) = self.end.parent_node() else { return };
        let mut next = &self.end;
        for node in nodes.rev() {
            if next.previous_sibling().as_ref() != Some(node) {
                let _ = parent.insert_before(node, Some(next));
            }
            next = node;
        }
    }

    fn clear(&self) {
        while let Some(node) = self.start.next_sibling().filter(|node| *node != self.end) {
            remove(&node);
        }
    }
}

fn remove(node: &Node) {
    if let Some(parent) = node.parent_node() {
        let _ = parent.remove_child(node);
    }
}

impl Render for View {
    type State = Mounted;

    fn build(self) -> Mounted {
        Mounted { view: Some(self), place: None }
    }

    fn rebuild(self, mounted: &mut Mounted) {
        if let Some(place) = &mounted.place {
            place.clear();
            place.fill(self);
        }
    }
}

/// A view that Leptos puts into the page and takes out.
pub struct Mounted {
    view: Option<View>,
    place: Option<Place>,
}

impl Mountable for Mounted {
    fn unmount(&mut self) {
        if let Some(place) = self.place.take() {
            place.clear();
            remove(&place.start);
            remove(&place.end);
        }
    }

    fn mount(&mut self, parent: &web_sys::Element, marker: Option<&Node>) {
        let place = Place::new(parent, marker);
        if let Some(view) = self.view.take() {
            place.fill(view);
        }
        self.place = Some(place);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        let place = self.place.as_ref();
        let parent = place.and_then(|place| place.start.parent_node()?.dyn_into::<web_sys::Element>().ok());
        if let (Some(place), Some(parent)) = (place, parent) {
            child.mount(&parent, Some(&place.start));
            return true;
        }
        false
    }

    fn elements(&self) -> Vec<web_sys::Element> {
        Vec::new()
    }
}

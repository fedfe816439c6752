// What the test of accessibility asks a page, besides axe: its controls, whether each shows that it has the focus, and
// whether a finger finds it. Put into a page when it is first asked.
(() => {
  const CONTROLS = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], [role=slider], [role=button]';
  // What is pressed; a region that only scrolls takes the focus, too.
  const PRESSED = 'a, button, input, select, textarea, summary, [role=slider], [role=button]';
  // WCAG 2.5.8, and the size that phones' makers ask for.
  const LEAST = 24;
  const COMFORTABLE = 44;

  const isShown = (element) =>
    element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) && element.getClientRects().length > 0;
  const within = () => [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.body;
  const controls = () =>
    [...within().querySelectorAll(CONTROLS)].filter(
      (element) => isShown(element) && !element.disabled && !element.closest('[inert], [aria-hidden=true]'),
    );
  const describe = (element) => {
    const { localName, dataset, className } = element;
    const name = element.getAttribute('aria-label') ?? element.textContent.trim().slice(0, 30);
    return `<${localName}${dataset.testid ? ` ${dataset.testid}` : ''} class="${className}"> ${JSON.stringify(name)}`;
  };

  // Until what moves has come to rest, except for what never does.
  const rest = async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    const ends = ({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime);
    await Promise.race([
      Promise.allSettled(document.getAnimations().filter(ends).map(({ finished }) => finished)),
      new Promise((resolve) => setTimeout(resolve, 3000)),
    ]);
  };

  // ---- keyboard ----
  const LOOKS = [
    'outlineStyle', 'outlineWidth', 'outlineColor', 'boxShadow', 'borderTopColor', 'borderTopWidth',
    'backgroundColor', 'textDecorationLine', 'textDecorationThickness',
  ];
  const looksOf = (element) => {
    const around = [element, element.parentElement, element.nextElementSibling, ...element.children, ...(element.labels ?? [])];
    return around
      .filter(Boolean)
      .flatMap((one) => [null, '::before', '::after'].map((part) => getComputedStyle(one, part)))
      .map((style) => LOOKS.map((look) => style[look]).join())
      .join('|');
  };
  let before = new Map();
  let reached = new Set();
  const beginTabbing = async () => {
    document.activeElement?.blur();
    await rest();
    const reachable = controls().filter((element) => element.tabIndex >= 0);
    before = new Map(reachable.map((element) => [element, looksOf(element)]));
    reached = new Set();
    return before.size;
  };
  const oneOf = (element) => (element.type === 'radio' ? `radio ${element.name}` : element);
  // What is wrong with the element that has the focus, and whether all have had it.
  const tabbed = async () => {
    await rest();
    const element = document.activeElement;
    let problem = null;
    if (element !== document.body && !reached.has(oneOf(element))) {
      reached.add(oneOf(element));
      if (!within().contains(element)) problem = `the focus leaves the dialog for ${describe(element)}`;
      else if (before.get(element) === looksOf(element)) problem = `no focus ring on ${describe(element)}`;
      else {
        const { left, top, right, bottom } = element.getBoundingClientRect();
        const seen = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
        if (!seen) problem = `not in view when it has the focus: ${describe(element)}`;
      }
    }
    return { problem, done: missed().length === 0 };
  };
  const missed = () => [...before.keys()].filter((element) => element.isConnected && !reached.has(oneOf(element)));

  // ---- touch ----
  // A native control that is drawn by its label is touched there.
  const targetOf = (element) => {
    const { width, height } = element.getBoundingClientRect();
    const label = element.labels?.[0] ?? element.closest('label');
    return label && (label.contains(element) || width < LEAST || height < LEAST) ? label : element;
  };
  const isInText = (element) => {
    const { display } = getComputedStyle(element);
    return display === 'inline' && element.parentElement.textContent.trim() !== element.textContent.trim();
  };
  const distance = ({ left, top, right, bottom }, x, y) =>
    Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
  const untouchable = async () => {
    await rest();
    const problems = [];
    const { scrollWidth } = document.documentElement;
    if (scrollWidth > innerWidth) problems.push(`the page is ${scrollWidth} pixels wide`);
    const targets = [...new Set(controls().filter((element) => element.matches(PRESSED)).map(targetOf))];
    for (const target of targets) {
      const isInView = ({ left, top, right, bottom }) =>
        left >= -0.5 && top >= -0.5 && right <= innerWidth + 0.5 && bottom <= innerHeight + 0.5;
      const middle = ({ left, top, right, bottom }) => [(left + right) / 2, (top + bottom) / 2];
      const isHit = (hit) => target.contains(hit) || hit?.closest('label')?.control === target;
      // Whoever does not see it scrolls, the page or what it is in.
      const before = target.getBoundingClientRect();
      if (!isInView(before) || !isHit(document.elementFromPoint(...middle(before)))) {
        target.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
      }
      const box = target.getBoundingClientRect();
      const [x, y] = middle(box);
      const size = `${Math.round(box.width)} by ${Math.round(box.height)} pixels at ${Math.round(box.left)}, ${Math.round(box.top)}`;
      const what = `${describe(target)}, ${size}`;
      if (box.left < -0.5 || box.right > innerWidth + 0.5 || y < 0 || y > innerHeight) problems.push(`out of the window: ${what}`);
      else {
        const hit = document.elementFromPoint(x, y);
        if (!isHit(hit)) problems.push(`covered by ${hit ? describe(hit) : 'nothing'}: ${what}`);
      }
      if (isInText(target)) continue;
      if (box.width < LEAST || box.height < LEAST) problems.push(`too small: ${what}`);
      else if (box.width < COMFORTABLE || box.height < COMFORTABLE) {
        const near = targets.find((other) => {
          const apart = !other.contains(target) && !target.contains(other);
          return apart && distance(other.getBoundingClientRect(), x, y) < COMFORTABLE / 2;
        });
        if (near) problems.push(`small and close to ${describe(near)}: ${what}`);
      }
    }
    return problems;
  };

  // ---- axe ----
  const violations = async () => {
    await rest();
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const results = await axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
    return results.violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, any, all, none }) => {
        const why = [...any, ...all, ...none].map(({ message }) => message).join('; ');
        return `${id} (${help}): ${html.slice(0, 200)}: ${why}`;
      }),
    );
  };

  window.__accessibility = {
    rest,
    controls: () => controls().filter((element) => element.matches(PRESSED)).length,
    beginTabbing,
    tabbed,
    missed: () => missed().map(describe),
    untouchable,
    violations,
  };
})();

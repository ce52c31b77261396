/**
 * Builds elements. Text always arrives as text nodes, never as markup, so that nothing a study or
 * a server sends can run.
 */

/**
 * @param {string} tag
 * @param {Object} attributes names and values; a function value listens to the event of that
 *   name, true sets a bare attribute, false and null leave it out
 * @param {...(Node|string|null|Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** The study's longer texts: an empty line begins a paragraph. */
export function paragraphs(text) {
  return text.split(/\n\s*\n/).map((part) => h("p", {}, part.trim()));
}

/** A button that resolves when it is pressed; the returned promise carries `value`. */
export function pressed(button, value) {
  return new Promise((resolve) => {
    button.addEventListener("click", () => resolve(value), { once: true });
  });
}

/** Return an element of a kind, with properties, and with what is inside it. */
export function made(kind, properties = {}, ...inside) {
  const element = Object.assign(document.createElement(kind), properties);
  element.append(...inside);
  return element;
}

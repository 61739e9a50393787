/** The element with this id, of this class. The page and its script are one: a missing one is a broken build. */
export function byId<E extends HTMLElement>(id: string, type: abstract new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`No ${type.name} with the id ${id}`);
  return found;
}

/** As `byId`, for a part of an element, by selector. */
export function part<E extends Element>(within: ParentNode, selector: string, type: abstract new () => E): E {
  const found = within.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`No ${type.name} at ${selector}`);
  return found;
}

/** A fresh copy of what the `<template>` with this id holds. */
export function fromTemplate(id: string): HTMLElement {
  const copy = byId(id, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (!(copy instanceof HTMLElement)) throw new Error(`Nothing in the template ${id}`);
  return copy;
}

/** Undefined on a page that came by plain http from another machine, whatever the types say. */
export function mediaDevices(): MediaDevices | undefined {
  return (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
}

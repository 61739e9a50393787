/** mediasoup's types, for those who handle its objects without making any: the library itself stays in this folder. */
export type { types } from 'mediasoup';

/** A script of some 240 lines, 200 of them C text with 20 tables: what type checking takes longest for. */
export declare function renderLongScript(): string;

import { describe, expect, it } from "vitest";
import { matchDemangled } from "../../../../runtime/kernel/user/demangled-name.ts";

describe("names that people write", () => {
  it.each([
    [
      "shop::Basket::Add(int, char const*)",
      ["shop::Basket::Add", "shop::Basket::Add(int, char const*)", "shop::Basket::Add(int,char const*)"],
    ],
    ["(anonymous namespace)::hidden(int)", ["(anonymous namespace)::hidden", "(anonymous namespace)::hidden(int)"]],
    [
      "int shop::largest<int>(int, int)",
      ["shop::largest<int>", "int shop::largest<int>", "shop::largest<int>(int, int)"],
    ],
    [
      "std::map<int, long> shop::list<int, long>(int (*)(long))",
      ["shop::list<int,long>", "shop::list<int, long>(int (*)(long))"],
    ],
    ["shop::Basket::operator()(int) const", ["shop::Basket::operator()", "shop::Basket::operator()(int) const"]],
    ["shop::Basket::operator<(int) const", ["shop::Basket::operator<"]],
    [
      "std::ostream& shop::operator<< <int>(std::ostream&, shop::Box<int> const&)",
      ["shop::operator<< <int>", "std::ostream& shop::operator<< <int>"],
    ],
    ["shop::Basket::operator->()", ["shop::Basket::operator->"]],
    ["shop::Basket::operator unsigned long() const", ["shop::Basket::operator unsigned long"]],
    ["shop::Basket::operator new(unsigned long)", ["shop::Basket::operator new"]],
    ["main::{lambda(int)#2}::operator()(int) const", ["main::{lambda(int)#2}::operator()"]],
    ["shop::run(int)::{lambda()#1}::operator()() const", ["shop::run(int)::{lambda()#1}::operator()"]],
    ["shop::Basket::take(int) [clone .isra.0] [clone .part.0]", ["shop::Basket::take", "shop::Basket::take(int)"]],
    ["shop::Basket::~Basket()", ["shop::Basket::~Basket"]],
    ["<shop::Basket<u32>>::add", ["<shop::Basket<u32>>::add", "shop::Basket<u32>::add"]],
    ["<<shop::Basket>::Item>::add", ["<shop::Basket>::Item::add"]],
    ["<shop::Call<fn(u32) -> u32> as shop::Price>::price", ["<shop::Call<fn(u32) -> u32> as shop::Price>::price"]],
    ["shop::main::{closure#0}", ["shop::main::{closure#0}"]],
  ])("%s", (name, spellings) => {
    expect(spellings.filter((spelling) => !matchDemangled(spelling).surely(name))).toEqual([]);
  });

  it.each([
    ["shop::Basket::Add(int, char const*)", ["Add", "Basket::Add", "shop::Basket", "shop::Basket::Add(int)", ""]],
    ["int shop::largest<int>(int, int)", ["shop::largest", "int", "largest<int>", "shop::largest<long>"]],
    ["<shop::Basket as shop::Price>::price", ["shop::Basket::price", "shop::Basket as shop::Price::price"]],
    ["(anonymous namespace)::hidden(int)", ["hidden", "(anonymous namespace)", "namespace)::hidden"]],
    ["shop::Basket::operator unsigned long() const", ["long", "shop::Basket::operator", "shop::Basket::operator long"]],
  ])("are no parts of %s", (name, others) => {
    expect(others.filter((other) => matchDemangled(other).surely(name))).toEqual([]);
  });

  it("are looked for among mangled names by a word that is in them", () => {
    expect(
      ["shop::largest<int>", "(anonymous namespace)::largest(long)", "largest", "<shop::Basket<u32>>::largest"].map(
        (name) => matchDemangled(name).maybe("_ZN4shop7largestIiEET_S1_S1_"),
      ),
    ).toEqual([true, true, true, true]);
    expect(matchDemangled("shop::smallest<int>").maybe("_ZN4shop7largestIiEET_S1_S1_")).toBe(false);
    expect(matchDemangled("shop::Basket::operator()").maybe("_ZNK4shop6BasketclEi")).toBe(true);
  });
});

// Small functions in Python and JavaScript, each with the slips that a model makes in them.

interface Program {
  readonly name: string;
  readonly asks: RegExp;
  readonly python: string;
  readonly javascript: string;
  /** `[right, wrong]` pieces; each slip changes one place. */
  readonly pythonSlips: readonly (readonly [string, string])[];
  readonly javascriptSlips: readonly (readonly [string, string])[];
}

export const PROGRAMS: readonly Program[] = [
  {
    name: 'reverse_string',
    asks: /revers\w*[^.]*\bstring|string[^.]*\brevers/i,
    python: 'def reverse_string(text):\n    return text[::-1]',
    pythonSlips: [
      ['[::-1]', '[::1]'],
      ['[::-1]', '[:0:-1]'],
      ['[::-1]', '[-2::-1]'],
    ],
    javascript: "function reverseString(text) {\n  return [...text].reverse().join('');\n}",
    javascriptSlips: [
      ['.reverse()', '.sort()'],
      [".join('')", '.join()'],
      ['[...text]', '[...text.slice(1)]'],
    ],
  },
  {
    name: 'fizzbuzz',
    asks: /fizz ?buzz/i,
    python:
      "def fizzbuzz(n):\n    result = []\n    for i in range(1, n + 1):\n        if i % 15 == 0:\n            result.append('FizzBuzz')\n        elif i % 3 == 0:\n            result.append('Fizz')\n        elif i % 5 == 0:\n            result.append('Buzz')\n        else:\n            result.append(str(i))\n    return result",
    pythonSlips: [
      ['range(1, n + 1)', 'range(1, n)'],
      ['i % 15 == 0', 'i % 30 == 0'],
      ['range(1, n + 1)', 'range(n + 1)'],
    ],
    javascript:
      "function fizzbuzz(n) {\n  return Array.from({ length: n }, (_, index) => {\n    const i = index + 1;\n    if (i % 15 === 0) return 'FizzBuzz';\n    if (i % 3 === 0) return 'Fizz';\n    if (i % 5 === 0) return 'Buzz';\n    return String(i);\n  });\n}",
    javascriptSlips: [
      ['index + 1', 'index'],
      ['i % 15 === 0', 'i % 30 === 0'],
      ['length: n', 'length: n - 1'],
    ],
  },
  {
    name: 'is_prime',
    asks: /\bprime\b|is_?prime/i,
    python:
      'def is_prime(n):\n    if n < 2:\n        return False\n    for i in range(2, int(n ** 0.5) + 1):\n        if n % i == 0:\n            return False\n    return True',
    pythonSlips: [
      ['int(n ** 0.5) + 1', 'int(n ** 0.5)'],
      ['n < 2', 'n < 1'],
      ['range(2,', 'range(3,'],
    ],
    javascript:
      'function isPrime(n) {\n  if (n < 2) return false;\n  for (let i = 2; i * i <= n; i++) {\n    if (n % i === 0) return false;\n  }\n  return true;\n}',
    javascriptSlips: [
      ['i * i <= n', 'i * i < n'],
      ['n < 2', 'n < 1'],
      ['let i = 2', 'let i = 3'],
    ],
  },
  {
    name: 'factorial',
    asks: /factorial/i,
    python: 'def factorial(n):\n    result = 1\n    for i in range(2, n + 1):\n        result *= i\n    return result',
    pythonSlips: [
      ['n + 1', 'n'],
      ['result = 1', 'result = 0'],
      ['*=', '+='],
    ],
    javascript:
      'function factorial(n) {\n  let result = 1;\n  for (let i = 2; i <= n; i++) result *= i;\n  return result;\n}',
    javascriptSlips: [
      ['i <= n', 'i < n'],
      ['result = 1', 'result = 0'],
      ['*=', '+='],
    ],
  },
  {
    name: 'fibonacci',
    asks: /fibonacci/i,
    python: 'def fibonacci(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a',
    pythonSlips: [
      ['return a', 'return b'],
      ['a, b = 0, 1', 'a, b = 1, 2'],
      ['range(n)', 'range(n - 1)'],
    ],
    javascript:
      'function fibonacci(n) {\n  let [a, b] = [0, 1];\n  for (let i = 0; i < n; i++) [a, b] = [b, a + b];\n  return a;\n}',
    javascriptSlips: [
      ['return a', 'return b'],
      ['[0, 1]', '[1, 2]'],
      ['i < n', 'i <= n'],
    ],
  },
  {
    name: 'is_palindrome',
    asks: /palindrom/i,
    python:
      'def is_palindrome(text):\n    letters = [c.lower() for c in text if c.isalnum()]\n    return letters == letters[::-1]',
    pythonSlips: [
      ['c.lower()', 'c'],
      [' if c.isalnum()', ''],
      ['letters[::-1]', 'letters[:0:-1]'],
    ],
    javascript:
      "function isPalindrome(text) {\n  const letters = text.toLowerCase().replace(/[^a-z0-9]/g, '');\n  return letters === [...letters].reverse().join('');\n}",
    javascriptSlips: [
      ['.toLowerCase()', ''],
      ["join('')", 'join()'],
      ["'')", "' ')"],
    ],
  },
  {
    name: 'gcd',
    asks: /\bgcd\b|greatest common/i,
    python: 'def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a',
    pythonSlips: [
      ['a % b', 'a // b'],
      ['return a', 'return b'],
      ['a, b = b, a % b', 'a, b = a % b, b'],
    ],
    javascript: 'function gcd(a, b) {\n  while (b) [a, b] = [b, a % b];\n  return a;\n}',
    javascriptSlips: [
      ['return a', 'return b'],
      ['a % b', 'Math.floor(a / b)'],
      ['while (b)', 'if (b)'],
    ],
  },
  {
    name: 'count_vowels',
    asks: /count\w*[^.]*vowels|vowels/i,
    python: "def count_vowels(text):\n    return sum(1 for c in text.lower() if c in 'aeiou')",
    pythonSlips: [
      ['.lower()', ''],
      ["'aeiou'", "'aeio'"],
      ["'aeiou'", "'aeiouy'"],
    ],
    javascript: 'function countVowels(text) {\n  return (text.match(/[aeiou]/gi) ?? []).length;\n}',
    javascriptSlips: [
      ['/gi', '/g'],
      ['[aeiou]', '[aeio]'],
      ['[aeiou]', '[aeiouy]'],
    ],
  },
  {
    name: 'binary_search',
    asks: /binary[ _]?search/i,
    python:
      'def binary_search(items, target):\n    low, high = 0, len(items) - 1\n    while low <= high:\n        middle = (low + high) // 2\n        if items[middle] == target:\n            return middle\n        if items[middle] < target:\n            low = middle + 1\n        else:\n            high = middle - 1\n    return -1',
    pythonSlips: [
      ['low <= high', 'low < high'],
      ['return -1', 'return low'],
      ['len(items) - 1', 'len(items) - 2'],
    ],
    javascript:
      'function binarySearch(items, target) {\n  let [low, high] = [0, items.length - 1];\n  while (low <= high) {\n    const middle = (low + high) >> 1;\n    if (items[middle] === target) return middle;\n    if (items[middle] < target) low = middle + 1;\n    else high = middle - 1;\n  }\n  return -1;\n}',
    javascriptSlips: [
      ['low <= high', 'low < high'],
      ['return -1', 'return low'],
      ['items.length - 1', 'items.length - 2'],
    ],
  },
  {
    name: 'two_sum',
    asks: /two[ _]?sum|add up to (?:a |the )?target/i,
    python:
      'def two_sum(numbers, target):\n    seen = {}\n    for index, number in enumerate(numbers):\n        if target - number in seen:\n            return [seen[target - number], index]\n        seen[number] = index\n    return []',
    pythonSlips: [
      ['target - number in seen', 'number in seen'],
      ['enumerate(numbers)', 'enumerate(numbers[1:])'],
      ['seen[number] = index', 'seen[index] = number'],
    ],
    javascript:
      'function twoSum(numbers, target) {\n  const seen = new Map();\n  for (const [index, number] of numbers.entries()) {\n    if (seen.has(target - number)) return [seen.get(target - number), index];\n    seen.set(number, index);\n  }\n  return [];\n}',
    javascriptSlips: [
      ['seen.has(target - number)', 'seen.has(number)'],
      ['seen.set(number, index)', 'seen.set(index, number)'],
      [', index];', ', number];'],
    ],
  },
  {
    name: 'unique',
    asks: /\b(?:unique|dedup\w*|remove[^.]*duplicates?)\b/i,
    python: 'def unique(items):\n    return list(dict.fromkeys(items))',
    pythonSlips: [
      ['list(dict.fromkeys(items))', 'sorted(items)'],
      ['list(dict.fromkeys(items))', 'items[:]'],
      ['list(dict.fromkeys(items))', 'set(items)'],
    ],
    javascript: 'function unique(items) {\n  return [...new Set(items)];\n}',
    javascriptSlips: [
      ['[...new Set(items)]', 'new Set(items)'],
      ['[...new Set(items)]', '[...items]'],
      ['[...new Set(items)]', '[...items].sort()'],
    ],
  },
  {
    name: 'flatten',
    asks: /flatten/i,
    python:
      'def flatten(items):\n    result = []\n    for item in items:\n        if isinstance(item, list):\n            result.extend(flatten(item))\n        else:\n            result.append(item)\n    return result',
    pythonSlips: [
      ['flatten(item)', 'item'],
      ['extend', 'append'],
      ['result.append(item)', 'result.extend([item, item])'],
    ],
    javascript: 'function flatten(items) {\n  return items.flat(Infinity);\n}',
    javascriptSlips: [
      ['flat(Infinity)', 'flat()'],
      ['flat(Infinity)', 'flat(2)'],
      ['flat(Infinity)', 'concat()'],
    ],
  },
  {
    name: 'sort_list',
    asks: /\bsort\w*\b/i,
    python:
      'def sort_list(items):\n    result = list(items)\n    for i in range(len(result)):\n        for j in range(len(result) - 1 - i):\n            if result[j] > result[j + 1]:\n                result[j], result[j + 1] = result[j + 1], result[j]\n    return result',
    pythonSlips: [
      ['result[j] > result[j + 1]', 'result[j] < result[j + 1]'],
      ['len(result) - 1 - i', 'len(result) - 2 - i'],
      ['return result', 'return items'],
    ],
    javascript: 'function sortList(items) {\n  return [...items].sort((a, b) => a - b);\n}',
    javascriptSlips: [
      ['.sort((a, b) => a - b)', '.sort()'],
      ['a - b', 'b - a'],
      ['a - b', 'a > b'],
    ],
  },
  {
    name: 'max_value',
    asks: /\b(?:max(?:imum)?|largest|biggest)\b/i,
    python:
      'def max_value(numbers):\n    best = numbers[0]\n    for number in numbers[1:]:\n        if number > best:\n            best = number\n    return best',
    pythonSlips: [
      ['best = numbers[0]', 'best = 0'],
      ['number > best', 'number < best'],
      ['numbers[1:]', 'numbers[1:-1]'],
    ],
    javascript:
      'function maxValue(numbers) {\n  return numbers.reduce((best, number) => (number > best ? number : best), numbers[0]);\n}',
    javascriptSlips: [
      [', numbers[0]', ', 0'],
      ['number > best', 'number < best'],
      ['numbers.reduce', 'numbers.slice(0, -1).reduce'],
    ],
  },
  {
    name: 'sum_list',
    asks: /\b(?:sum|adds?|total)\b/i,
    python:
      'def sum_list(numbers):\n    total = 0\n    for number in numbers:\n        total += number\n    return total',
    pythonSlips: [
      ['total = 0', 'total = 1'],
      ['in numbers', 'in numbers[1:]'],
      ['+=', '='],
    ],
    javascript: 'function sumList(numbers) {\n  return numbers.reduce((total, number) => total + number, 0);\n}',
    javascriptSlips: [
      [', 0)', ', 1)'],
      ['total + number', 'number'],
      ['numbers.reduce', 'numbers.slice(1).reduce'],
    ],
  },
];

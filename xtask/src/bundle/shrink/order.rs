//! Orders functions so that like ones stand together.
//!
//! Gzip knows the last 32 KiB and no more, and the code of a generic function is repeated all over
//! the wasm, once for each type. In the compiler's order most repetitions are out of reach; beside
//! each other they cost next to nothing.

use std::collections::{HashMap, VecDeque};

/// How far back gzip looks, less the lengths and types between functions.
const WINDOW: usize = 32_000;

/// The lengths of the pieces of code that are compared: what gzip repeats is 3 bytes or longer.
const PIECES: [usize; 5] = [4, 6, 8, 12, 16];

/// How much more the function just before counts than the others that are in reach.
const NEIGHBOUR: f64 = 3.0;

/// The places of the functions, in an order in which each is like those before it: it begins with
/// the longest, and goes on with the one of which most is in reach already.
pub(super) fn by_likeness(functions: &[Vec<u8>]) -> Vec<usize> {
    let pieces = Pieces::of(functions);
    let mut reach = Reach::new(&pieces);
    let mut left: Vec<usize> = (0..functions.len()).collect();
    let mut order = Vec::with_capacity(functions.len());
    let mut next = (0..functions.len()).max_by_key(|function| functions[*function].len());
    while let Some(function) = next {
        left.retain(|other| *other != function);
        order.push(function);
        reach.add(function, functions);
        let neighbour = pieces.shared_with(function);
        let score = |other: usize| {
            let shared = f64::from(reach.shared[other]) + NEIGHBOUR * f64::from(neighbour[other]);
            // Neither short functions alone, of which all is known, nor long ones alone.
            shared / f64::from(pieces.count(other)).sqrt()
        };
        let better =
            |best: usize, other: usize| if score(other) > score(best) { other } else { best };
        next = left.iter().copied().reduce(better);
    }
    order
}

/// Which pieces are in which functions.
struct Pieces {
    of_function: Vec<Vec<usize>>,
    functions: Vec<Vec<usize>>,
}

impl Pieces {
    fn of(functions: &[Vec<u8>]) -> Self {
        let mut numbers: HashMap<&[u8], usize> = HashMap::new();
        let mut pieces =
            Self { of_function: vec![Vec::new(); functions.len()], functions: Vec::new() };
        for (function, code) in functions.iter().enumerate() {
            for piece in PIECES.into_iter().flat_map(|len| code.windows(len)) {
                let next = numbers.len();
                let number = *numbers.entry(piece).or_insert(next);
                if number == next {
                    pieces.functions.push(Vec::new());
                }
                if pieces.functions[number].last() != Some(&function) {
                    pieces.functions[number].push(function);
                    pieces.of_function[function].push(number);
                }
            }
        }
        pieces
    }

    fn count(&self, function: usize) -> u32 {
        u32::try_from(self.of_function[function].len()).unwrap_or(u32::MAX).max(1)
    }

    /// How many pieces each function has in common with this one.
    fn shared_with(&self, function: usize) -> Vec<u32> {
        let mut shared = vec![0; self.of_function.len()];
        for piece in &self.of_function[function] {
            self.functions[*piece].iter().for_each(|other| shared[*other] += 1);
        }
        shared
    }
}

/// What gzip can still see.
struct Reach<'p> {
    pieces: &'p Pieces,
    functions: VecDeque<usize>,
    bytes: usize,
    /// How often each piece is in reach.
    times: Vec<u32>,
    /// How many pieces of each function are.
    shared: Vec<u32>,
}

impl<'p> Reach<'p> {
    fn new(pieces: &'p Pieces) -> Self {
        Self {
            pieces,
            functions: VecDeque::new(),
            bytes: 0,
            times: vec![0; pieces.functions.len()],
            shared: vec![0; pieces.of_function.len()],
        }
    }

    fn add(&mut self, function: usize, functions: &[Vec<u8>]) {
        for piece in &self.pieces.of_function[function] {
            self.times[*piece] += 1;
            if self.times[*piece] == 1 {
                self.pieces.functions[*piece].iter().for_each(|other| self.shared[*other] += 1);
            }
        }
        self.functions.push_back(function);
        self.bytes += functions[function].len();
        while self.bytes > WINDOW && self.functions.len() > 1 {
            let Some(oldest) = self.functions.pop_front() else { return };
            self.bytes -= functions[oldest].len();
            self.forget(oldest);
        }
    }

    fn forget(&mut self, function: usize) {
        for piece in &self.pieces.of_function[function] {
            self.times[*piece] -= 1;
            if self.times[*piece] == 0 {
                self.pieces.functions[*piece].iter().for_each(|other| self.shared[*other] -= 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_functions_come_to_stand_together_and_none_is_lost() {
        let code = |text: &str| text.as_bytes().to_vec();
        let functions = [
            code("local.get 0 local.get 1 i32.add"),
            code("f64.const f64.mul f64.floor"),
            code("local.get 0 local.get 1 i32.add return"),
            code("f64.const f64.mul f64.floor f64.neg drop drop"),
        ];
        assert_eq!(by_likeness(&functions), [3, 1, 0, 2]);
        assert_eq!(by_likeness(&[]), [0; 0]);
    }
}

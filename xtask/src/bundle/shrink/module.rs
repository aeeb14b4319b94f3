//! A wasm module cut into its sections, as far as shrinking it needs: the rest is carried along as
//! bytes. Source: WebAssembly Core Specification 2.0, §5.5.

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};

/// The magic number and the version, with which every module begins.
const HEADER: usize = 8;

const CUSTOM: u8 = 0;
const IMPORTS: u8 = 2;
const EXPORTS: u8 = 7;
const CODE: u8 = 10;
const DATA: u8 = 11;

/// What `i32.const` and the end of an expression are written as.
const I32_CONST: u8 = 0x41;
const END: u8 = 0x0b;

/// A wasm module.
pub(super) struct Module {
    header: Vec<u8>,
    sections: Vec<(u8, Vec<u8>)>,
}

/// Bytes that are in memory from the start.
pub(super) struct Segment {
    /// Where in memory.
    pub(super) address: usize,
    /// Where in the section of data.
    pub(super) at: usize,
    /// How many.
    pub(super) len: usize,
}

impl Module {
    pub(super) fn parse(wasm: &[u8]) -> Result<Self> {
        let (header, rest) = wasm.split_at_checked(HEADER).context("this is no wasm")?;
        let mut input = Input(rest);
        let mut sections = Vec::new();
        while !input.0.is_empty() {
            let id = input.byte()?;
            sections.push((id, input.list_of_bytes()?.to_vec()));
        }
        Ok(Self { header: header.to_vec(), sections })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut wasm = self.header.clone();
        for (id, body) in &self.sections {
            wasm.push(*id);
            put_bytes(&mut wasm, body);
        }
        wasm
    }

    /// Keeps the exports whose name `keep` likes.
    pub(super) fn retain_exports(&mut self, keep: impl Fn(&str) -> bool) -> Result<()> {
        let Some(section) = self.section_mut(EXPORTS) else { return Ok(()) };
        let mut input = Input(section);
        let mut kept = Vec::new();
        for _ in 0..input.number()? {
            let before = input.0;
            let name = input.text()?;
            let _kind = input.byte()?;
            input.number()?;
            let entry = before.get(..before.len() - input.0.len()).unwrap_or_default();
            if keep(&name) {
                kept.push(entry.to_vec());
            }
        }
        let mut written = Vec::new();
        put_number(&mut written, kept.len());
        written.extend(kept.concat());
        *section = written;
        Ok(())
    }

    /// The functions of the module itself, each with its locals and its code.
    pub(super) fn functions(&self) -> Result<Vec<Vec<u8>>> {
        let mut input = Input(self.section(CODE));
        let count = input.number()?;
        (0..count).map(|_| input.list_of_bytes().map(<[u8]>::to_vec)).collect()
    }

    /// Puts other functions in the place of all.
    pub(super) fn set_functions(&mut self, functions: &[Vec<u8>]) {
        let mut written = Vec::new();
        put_number(&mut written, functions.len());
        for function in functions {
            put_bytes(&mut written, function);
        }
        if let Some(section) = self.section_mut(CODE) {
            *section = written;
        }
    }

    /// The names of the functions of the module itself, by their place in [`Self::functions`].
    pub(super) fn names(&self) -> Result<HashMap<usize, String>> {
        let imported = self.imported_functions()?;
        let mut names = HashMap::new();
        let Some(mut input) = self.name_section()? else { return Ok(names) };
        while !input.0.is_empty() {
            let kind = input.byte()?;
            let mut content = Input(input.list_of_bytes()?);
            if kind != 1 {
                continue;
            }
            for _ in 0..content.number()? {
                let (index, name) = (content.number()?, content.text()?);
                if let Some(index) = index.checked_sub(imported) {
                    names.insert(index, name);
                }
            }
        }
        Ok(names)
    }

    /// Puts names in the place of all that are there, one for each of [`Self::functions`].
    pub(super) fn set_names(&mut self, names: &[String]) -> Result<()> {
        let imported = self.imported_functions()?;
        let mut functions = Vec::new();
        put_number(&mut functions, names.len());
        for (index, name) in names.iter().enumerate() {
            put_number(&mut functions, imported + index);
            put_bytes(&mut functions, name.as_bytes());
        }
        let mut section = Vec::new();
        put_bytes(&mut section, b"name");
        section.push(1);
        put_bytes(&mut section, &functions);
        self.sections.retain(|(id, body)| *id != CUSTOM || !is_name_section(body));
        self.sections.push((CUSTOM, section));
        Ok(())
    }

    /// The section of data, and what of it is where in memory.
    pub(super) fn data(&mut self) -> Result<(&mut Vec<u8>, Vec<Segment>)> {
        let section = self.section_mut(DATA).context("there is no data")?;
        let mut input = Input(section);
        let mut segments = Vec::new();
        for _ in 0..input.number()? {
            ensure!(input.number()? == 0, "a segment of data is not at a fixed place");
            ensure!(input.byte()? == I32_CONST, "a segment of data is at a computed place");
            let address = input.signed()?;
            ensure!(input.byte()? == END, "a segment of data is at a computed place");
            let len = input.number()?;
            let at = section.len() - input.0.len();
            input.take(len)?;
            segments.push(Segment { address, at, len });
        }
        Ok((section, segments))
    }

    fn section(&self, wanted: u8) -> &[u8] {
        let found = self.sections.iter().find(|(id, _)| *id == wanted);
        found.map_or(&[0], |(_, body)| body.as_slice())
    }

    fn section_mut(&mut self, wanted: u8) -> Option<&mut Vec<u8>> {
        self.sections.iter_mut().find(|(id, _)| *id == wanted).map(|(_, body)| body)
    }

    fn name_section(&self) -> Result<Option<Input<'_>>> {
        let custom = self.sections.iter().filter(|(id, _)| *id == CUSTOM);
        let Some((_, body)) = custom.into_iter().find(|(_, body)| is_name_section(body)) else {
            return Ok(None);
        };
        let mut input = Input(body);
        input.text()?;
        Ok(Some(input))
    }

    fn imported_functions(&self) -> Result<usize> {
        let mut input = Input(self.section(IMPORTS));
        let mut functions = 0;
        for _ in 0..input.number()? {
            input.text()?;
            input.text()?;
            match input.byte()? {
                0 => {
                    input.number()?;
                    functions += 1;
                }
                1 => {
                    input.byte()?;
                    input.limits()?;
                }
                2 => input.limits()?,
                3 => drop(input.take(2)?),
                4 => {
                    input.byte()?;
                    input.number()?;
                }
                other => bail!("{other} is no kind of import"),
            }
        }
        Ok(functions)
    }
}

fn is_name_section(body: &[u8]) -> bool {
    Input(body).text().is_ok_and(|name| name == "name")
}

/// What has yet to be read.
struct Input<'w>(&'w [u8]);

impl<'w> Input<'w> {
    fn take(&mut self, len: usize) -> Result<&'w [u8]> {
        let (taken, rest) = self.0.split_at_checked(len).context("the wasm ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        self.take(1)?.first().copied().context("the wasm ends too early")
    }

    fn number(&mut self) -> Result<usize> {
        let mut number = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        bail!("a number in the wasm is too long")
    }

    /// A number that is written with a sign, and is an address.
    fn signed(&mut self) -> Result<usize> {
        let before = self.0;
        let number = self.number()?;
        let len = before.len() - self.0.len();
        let sign = before.get(len - 1).is_some_and(|last| last & 0x40 != 0);
        ensure!(!sign, "an address in the wasm is negative");
        Ok(number)
    }

    fn list_of_bytes(&mut self) -> Result<&'w [u8]> {
        let len = self.number()?;
        self.take(len)
    }

    fn text(&mut self) -> Result<String> {
        Ok(String::from_utf8_lossy(self.list_of_bytes()?).into_owned())
    }

    fn limits(&mut self) -> Result<()> {
        let has_most = self.byte()? & 1 != 0;
        self.number()?;
        if has_most {
            self.number()?;
        }
        Ok(())
    }
}

fn put_number(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A module with one imported function, the given own ones, exported by their names, and data
    /// at the address 1024.
    pub(in super::super) fn module(functions: &[(&str, &[u8])], data: &[u8]) -> Module {
        let mut exports = Vec::new();
        put_number(&mut exports, functions.len());
        for (index, (name, _)) in functions.iter().enumerate() {
            put_bytes(&mut exports, name.as_bytes());
            exports.push(0);
            put_number(&mut exports, index + 1);
        }
        let mut segments = vec![1, 0, I32_CONST, 0x80, 0x08, END];
        put_bytes(&mut segments, data);
        let imports = vec![1, 1, b'm', 1, b'f', 0, 0];
        let sections =
            vec![(IMPORTS, imports), (EXPORTS, exports), (CODE, vec![0]), (DATA, segments)];
        let mut module = Module { header: b"\0asm\x01\0\0\0".to_vec(), sections };
        module.set_functions(&functions.iter().map(|(_, body)| body.to_vec()).collect::<Vec<_>>());
        let names: Vec<_> = functions.iter().map(|(name, _)| (*name).to_owned()).collect();
        module.set_names(&names).unwrap();
        module
    }

    #[test]
    fn a_module_reads_back_as_it_was_written() {
        let long = vec![7; 300];
        let written = module(&[("a", &[1, 2]), ("b", &long)], b"data").write();
        let mut read = Module::parse(&written).unwrap();
        assert_eq!(read.write(), written);
        assert_eq!(read.functions().unwrap(), [vec![1, 2], long]);
        assert_eq!(read.names().unwrap().get(&1).map(String::as_str), Some("b"));
        let (section, segments) = read.data().unwrap();
        let Segment { address, at, len } = segments[0];
        assert_eq!((address, &section[at..at + len]), (1024, b"data".as_slice()));
    }

    #[test]
    fn exports_are_dropped_by_their_names() {
        let mut module = module(&[("a", &[1]), ("b", &[2])], &[]);
        module.retain_exports(|name| name != "a").unwrap();
        assert_eq!(module.section(EXPORTS), [1, 1, b'b', 0, 2]);
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let written = module(&[("a", &[1, 2])], b"data").write();
        assert!(Module::parse(&written[..written.len() - 1]).is_err());
        assert!(Module::parse(b"\0asm").is_err());
    }
}

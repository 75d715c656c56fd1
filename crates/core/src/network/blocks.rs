//! Where the blocks of a network lie.

use super::graph::Network;
use super::node::{Node, ValueId};

impl Network {
    /// The value that enters the first block, and the one that each block gives, in the order of the forward pass. A block is a layer of
    /// several nodes; what stands before it belongs to it, but for the first. Empty without blocks, and where something
    /// passes a block by.
    #[must_use]
    pub fn block_values(&self) -> Vec<ValueId> {
        let mut values = Vec::new();
        let mut last = None;
        for (at, node) in self.nodes.iter().enumerate() {
            let Some(block) = block_of(node) else { continue };
            if last == Some(block) {
                values.pop();
            } else if values.is_empty() {
                values.push(at);
            }
            values.push(at + 1);
            last = Some(block);
        }
        if self.are_passed_by(&values) { Vec::new() } else { values }
    }

    /// Whether the network gives more numbers than there are channels in what its last block gives. Not so without blocks that give
    /// images.
    #[must_use]
    pub fn gives_more_than_its_blocks(&self) -> bool {
        let given = self.form(self.output_value()).shape.elements();
        let last = self.block_values().last().and_then(|value| self.form(*value).image());
        last.is_some_and(|[channels, ..]| given > channels)
    }

    fn are_passed_by(&self, values: &[ValueId]) -> bool {
        values.iter().any(|value| self.nodes[*value..].iter().any(|node| node.inputs.iter().any(|input| input < value)))
    }
}

/// The name of the block that a node stands in.
fn block_of(node: &Node) -> Option<&str> {
    node.name().split_once('.').map(|(block, _)| block)
}

#[cfg(test)]
mod tests {
    use crate::nas::{Architecture, NasSpace};
    use crate::network::Network;
    use crate::shape::Shape;

    fn shapes(space: NasSpace, text: &str) -> Vec<Vec<usize>> {
        let network = Architecture::parse(space, text).unwrap().network(&Shape(vec![3, 32, 32]), 10, false).unwrap();
        network.block_values().iter().map(|value| network.form(*value).shape.0).collect()
    }

    #[test]
    fn cells_and_residuals_are_blocks() {
        let sized = shapes(NasSpace::NatsSss, "8:16:24:32:40");
        let stages = [[8, 32, 32], [8, 32, 32], [16, 16, 16], [24, 16, 16], [32, 8, 8], [40, 8, 8]];
        assert_eq!(sized, stages.map(Vec::from));
        let skips = "|skip_connect~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|";
        assert_eq!(shapes(NasSpace::NatsTss, skips).len(), 18);
        // A cell without branches; pooling belongs to the cell after it.
        let chain = shapes(NasSpace::NasBench101, "0100/0010/0001/0000 conv3x3,maxpool3x3");
        assert_eq!(chain.len(), 10);
        assert_eq!(chain[0], [128, 32, 32]);
        assert_eq!(chain[9], [512, 8, 8]);
        // Cells that halve images themselves.
        let halving = shapes(NasSpace::TransNasMicro, "64-41414-1_03_021");
        assert_eq!(halving.len(), 11);
        assert_eq!((halving[0].as_slice(), halving[10].as_slice()), ([64, 8, 8].as_slice(), [512, 1, 1].as_slice()));
    }

    #[test]
    fn classes_may_be_more_than_the_channels_of_the_last_block() {
        let gives_more = |classes| {
            let architecture = Architecture::parse(NasSpace::NatsSss, "64:64:64:64:24").unwrap();
            architecture.network(&Shape(vec![3, 32, 32]), classes, false).unwrap().gives_more_than_its_blocks()
        };
        assert_eq!([10, 24, 25, 100].map(gives_more), [false, false, true, true]);
    }

    #[test]
    fn without_blocks_there_are_none() {
        let network = Network::build(Shape(vec![4]), &[]).unwrap();
        assert!(network.block_values().is_empty() && !network.gives_more_than_its_blocks());
    }
}

"""Training loops as one would write them with PyTorch alone, to compare with.

The models have the sizes of ours: a CNN and a BiLSTM on words, and BERT as
`transformers` has it. Ids of 0 are padding.
"""

import torch
from torch import nn

LEARNING_RATE = 2e-4


class CNN(nn.Module):
    """`keras_amp.TextCNN`: filters of 3, 4 and 5 words."""

    def __init__(self, vocabulary_size, num_classes):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, 300)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(300, 100, width, padding="same") for width in (3, 4, 5)
        )
        self.dropout = nn.Dropout(0.5)
        self.logits = nn.Linear(300, num_classes)

    def forward(self, ids):
        is_word = (ids != 0)[:, None]
        words = self.embedding(ids).transpose(1, 2) * is_word
        pooled = [
            torch.relu(one(words)).amax(dim=2) for one in self.convolutions
        ]
        return self.logits(self.dropout(torch.cat(pooled, dim=1)))


class BiLSTM(nn.Module):
    """`keras_amp.BiLSTM`: attention over a bidirectional LSTM."""

    def __init__(self, vocabulary_size, num_classes):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, 300)
        self.lstm = nn.LSTM(300, 512, batch_first=True, bidirectional=True)
        self.attention = nn.Linear(1024, 1, bias=False)
        self.dropout = nn.Dropout(0.5)
        self.logits = nn.Linear(1024, num_classes)

    def forward(self, ids):
        read, _ = self.lstm(self.embedding(ids))
        scores = self.attention(torch.tanh(read))
        scores = scores.masked_fill((ids == 0)[:, :, None], -torch.inf)
        features = torch.sum(torch.softmax(scores, dim=1) * read, dim=1)
        return self.logits(self.dropout(torch.relu(features)))


class BERT(nn.Module):
    """The encoder of `transformers`, and a layer on its first piece."""

    def __init__(self, vocabulary_size, num_classes, layers, size, heads):
        super().__init__()
        import transformers

        self.bert = transformers.BertForSequenceClassification(
            transformers.BertConfig(
                vocab_size=vocabulary_size,
                num_hidden_layers=layers,
                hidden_size=size,
                num_attention_heads=heads,
                intermediate_size=4 * size,
                num_labels=num_classes,
            )
        )

    def forward(self, ids):
        return self.bert(ids, attention_mask=ids != 0).logits


def loop(model, ids, labels, batch_size):
    """A function that trains a model on all batches once."""
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    x = torch.as_tensor(ids, dtype=torch.long).split(batch_size)
    y = torch.as_tensor(labels, dtype=torch.long).split(batch_size)

    def run():
        for ids, labels in zip(x, y, strict=True):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(ids), labels)
            loss.backward()
            optimizer.step()

    return run
